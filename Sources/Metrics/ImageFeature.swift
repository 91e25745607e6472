public import Images

/// A fixed description of a picture, computed without any training: a floor for learnt features.
public protocol ImageFeature: Sendable {
  /// Name on the command line and in reports.
  var name: String { get }
  /// Number of values.
  var width: Int { get }

  /// Describes a picture of any size.
  ///
  /// - Returns: `[width]` values.
  func features(of image: Image) -> [Float]
}

/// All untrained descriptions, by name.
public enum ImageFeatureCatalog {
  /// One of each, with default settings.
  public static let all: [any ImageFeature] = [ColorHistogram(), PixelGrid()]

  /// The description with a name, or nil.
  public static func feature(named name: String) -> (any ImageFeature)? {
    all.first { $0.name == name }
  }

  /// What the fitted description with a name is fitted on, such as the histogram of `histogram-lda`;
  /// nil for another name.
  public static func fittedBase(named name: String) -> (any ImageFeature)? {
    guard name.hasSuffix(DiscriminantFeature.suffix) else { return nil }
    return feature(named: String(name.dropLast(DiscriminantFeature.suffix.count)))
  }

  /// Names of all descriptions, those that have to be fitted last.
  public static var names: [String] {
    all.map(\.name) + all.map { $0.name + DiscriminantFeature.suffix }
  }
}
