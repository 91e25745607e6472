extension ModelConfiguration {
  /// How pictures are prepared, in timm's words.
  public struct Preparation: Codable, Sendable, Hashable {
    /// `[3, height, width]`.
    public var inputSize: [Int]
    /// Filter of the resize: bilinear, bicubic or nearest.
    public var interpolation: String
    /// Share of the picture's sides that the input size takes after the resize.
    public var cropPct: Float
    /// How the picture is fitted to the input size; nil is timm's default, the centre.
    public var cropMode: CropMode?
    /// Whether a crop is cut as the transformers library does it.
    ///
    /// That library's file states the size in whole pixels, and a middle between two pixels begins at the
    /// first of them; timm rounds the size down and takes the even pixel. Told by the form of the
    /// description, so no field of timm's.
    public var cropsDown = false
    /// Subtracted from RGB values 0…1.
    public var mean: [Float]
    /// Divides the difference.
    public var std: [Float]
    /// Which training of the architecture made the weights.
    public var tag: String?
    /// Outputs of the published classifier.
    var numClasses: Int?

    /// How a picture is fitted to the input size.
    public enum CropMode: String, Codable, Sendable {
      /// The shorter side is resized and the middle is cut out.
      case center
      /// The whole picture is squashed to the size.
      case squash
    }

    enum CodingKeys: String, CodingKey {
      case inputSize = "input_size"
      case interpolation
      case cropPct = "crop_pct"
      case cropMode = "crop_mode"
      case mean
      case std
      case tag
      case numClasses = "num_classes"
    }

    /// Makes a preparation.
    public init(
      inputSize: [Int], interpolation: String = "bilinear", cropPct: Float = 1,
      cropMode: CropMode? = .squash, mean: [Float], std: [Float]
    ) {
      self.inputSize = inputSize
      self.interpolation = interpolation
      self.cropPct = cropPct
      self.cropMode = cropMode
      self.mean = mean
      self.std = std
    }

    /// Reads a preparation; size, mean and deviation must be there, the rest has timm's defaults.
    public init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      inputSize = try container.decode([Int].self, forKey: .inputSize)
      interpolation =
        try container.decodeIfPresent(String.self, forKey: .interpolation) ?? "bilinear"
      cropPct = try container.decodeIfPresent(Float.self, forKey: .cropPct) ?? 0.875
      cropMode = try container.decodeIfPresent(CropMode.self, forKey: .cropMode)
      mean = try container.decode([Float].self, forKey: .mean)
      std = try container.decode([Float].self, forKey: .std)
      tag = try container.decodeIfPresent(String.self, forKey: .tag)
      numClasses = try container.decodeIfPresent(Int.self, forKey: .numClasses)
    }
  }
}
