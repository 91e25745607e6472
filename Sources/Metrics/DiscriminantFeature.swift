public import Images

/// A fixed description of pictures, projected onto directions that were fitted on labelled ones.
public struct DiscriminantFeature: ImageFeature {
  /// Name on the command line and in reports.
  public let name: String
  /// What is projected.
  public let base: any ImageFeature
  /// The directions.
  public let discriminant: LinearDiscriminant

  /// Ending of the names of fitted descriptions, such as `histogram-lda`.
  public static let suffix = "-lda"

  /// Puts fitted directions on a description.
  public init(base: any ImageFeature, discriminant: LinearDiscriminant) {
    precondition(
      base.width == discriminant.width,
      "DiscriminantFeature: directions of \(discriminant.width) for \(base.width) values")
    name = base.name + Self.suffix
    self.base = base
    self.discriminant = discriminant
  }

  /// Number of values.
  public var width: Int { discriminant.projectedWidth }

  /// Describes a picture of any size.
  public func features(of image: Image) -> [Float] {
    discriminant.projected(base.features(of: image))
  }
}
