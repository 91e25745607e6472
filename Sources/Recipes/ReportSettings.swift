/// What a run shows about itself.
public struct ReportSettings: RecipeSettings {
  /// Whether pictures of pairs, reconstructions and neighbours are made.
  public var pictures = true
  /// Steps between two lines of the metrics file.
  public var metricsEverySteps = 10

  /// The report of the `tiny` recipe.
  public init() {}

  /// Every key of the group in the order it is written.
  public static let fields: [RecipeField<ReportSettings>] = [
    .flag("pictures", \.pictures, "pairs, reconstructions, neighbours"),
    .integer(
      "metricsEverySteps", \.metricsEverySteps, 1...1_000_000, "steps between lines of metrics"),
  ]
}
