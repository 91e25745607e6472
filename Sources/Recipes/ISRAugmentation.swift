/// How crops are varied for the contrast of mined pairs, independently for the two sides.
public struct ISRAugmentation: RecipeSettings {
  /// Smallest side of the kept part relative to the crop, 0…1.
  public var scaleMinimum = 0.7
  /// Largest relative change of the kept part's aspect.
  public var aspectChange = 0.1
  /// Probability of a horizontal flip, 0…1.
  public var flip = 0.5
  /// Largest relative change of brightness.
  public var brightness = 0.2
  /// Largest relative change of contrast.
  public var contrast = 0.2
  /// Largest relative change of each colour channel.
  public var channelGain = 0.15
  /// Smallest gamma.
  public var gammaMinimum = 0.75
  /// Largest gamma.
  public var gammaMaximum = 1.25
  /// Probability of grey, 0…1.
  public var gray = 0.1
  /// Probability of erasing a rectangle, 0…1.
  public var erasing = 0.5
  /// Smallest share of the area that is erased, 0…1.
  public var erasingAreaMinimum = 0.02
  /// Largest share of the area that is erased, 0…1.
  public var erasingAreaMaximum = 0.2
  /// Probability that a crop takes the colour mean and spread of another camera, 0…1.
  public var cameraStyle = 0.5

  /// The variation measured as *full* for the `tiny` recipe.
  public init() {}

  /// Every key of the group in the order it is written.
  public static let fields: [RecipeField<ISRAugmentation>] = [
    .number("scaleMinimum", \.scaleMinimum, 0.05...1, "side of the kept part, relative"),
    .number("aspectChange", \.aspectChange, 0...0.9, "largest relative change"),
    .number("flip", \.flip, 0...1, "probability"),
    .number("brightness", \.brightness, 0...1, "largest relative change"),
    .number("contrast", \.contrast, 0...1, "largest relative change"),
    .number("channelGain", \.channelGain, 0...1, "largest relative change per channel"),
    .number("gammaMinimum", \.gammaMinimum, 0.1...10, "exponent"),
    .number("gammaMaximum", \.gammaMaximum, 0.1...10, "exponent"),
    .number("gray", \.gray, 0...1, "probability"),
    .number("erasing", \.erasing, 0...1, "probability"),
    .number("erasingAreaMinimum", \.erasingAreaMinimum, 0...1, "share of the area"),
    .number("erasingAreaMaximum", \.erasingAreaMaximum, 0...1, "share of the area"),
    .number("cameraStyle", \.cameraStyle, 0...1, "probability of another camera's colours"),
  ]
}

extension ISRAugmentation {
  /// Checks the settings that must fit together.
  ///
  /// - Throws: `RecipeError.conflict` that names the keys under `group`.
  func validate(under group: String) throws(RecipeError) {
    try requireOrder([
      ("\(group).gammaMinimum", gammaMinimum, "\(group).gammaMaximum", gammaMaximum),
      (
        "\(group).erasingAreaMinimum", erasingAreaMinimum, "\(group).erasingAreaMaximum",
        erasingAreaMaximum
      ),
    ])
  }

  /// Keys of this group by which pictures vary in more than being mirrored.
  public var variedKeys: [String] {
    [
      ("scaleMinimum", scaleMinimum != 1), ("aspectChange", aspectChange != 0),
      ("brightness", brightness != 0), ("contrast", contrast != 0),
      ("channelGain", channelGain != 0), ("gammaMinimum", gammaMinimum != 1),
      ("gammaMaximum", gammaMaximum != 1), ("gray", gray != 0), ("erasing", erasing != 0),
      ("cameraStyle", cameraStyle != 0),
    ].filter(\.1).map(\.0)
  }

  /// Versions of each picture where they are mirrored at most: 1, or 2 where chance decides.
  public var mirroredVersions: Int { flip == 0 || flip == 1 ? 1 : 2 }
}
