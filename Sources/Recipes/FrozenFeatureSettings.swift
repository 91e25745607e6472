/// Whether what a frozen part of the network makes of each picture is kept.
public struct FrozenFeatureSettings: RecipeSettings {
  /// When it is kept.
  public enum Use: String, RecipeChoice {
    /// Where nothing below the first trained layer changes, and pictures come again as they were.
    case auto
    /// Never.
    case off
  }

  /// When it is kept.
  public var cache = Use.auto
  /// The most memory that what is kept may take, in MiB; pictures beyond it are computed each time.
  public var limitMiB = 1024

  /// The settings of the `tiny` recipes.
  public init() {}

  /// Every key of the group in the order it is written.
  public static let fields: [RecipeField<FrozenFeatureSettings>] = [
    .choice(
      "frozenFeatureCache", \.cache, "keep what the part below the first trained layer makes"),
    .integer("frozenFeatureCacheMiB", \.limitMiB, 1...1_048_576, "the most memory for it, MiB"),
  ]
}
