/// What both objectives share about optimisation and checkpoints.
public struct OptimizerSettings: RecipeSettings {
  /// Decay of the first moment of AdamW, 0…1.
  public var beta1 = 0.9
  /// Decay of the second moment of AdamW, 0…1.
  public var beta2 = 0.999
  /// Term that keeps the division of AdamW finite.
  public var epsilon = 1e-8
  /// Decay of the averaged weights, 0…1; 0 keeps none.
  public var exponentialMovingAverage = 0.0
  /// Masked forward passes that make one optimizer step.
  ///
  /// The pair loss compares a whole batch at once, so it cannot be accumulated.
  public var gradientAccumulation = 1
  /// Steps between two checkpoints.
  public var checkpointEverySteps = 100

  /// The optimisation of the `tiny` recipe.
  public init() {}

  /// Every key of the group in the order it is written.
  public static let fields: [RecipeField<OptimizerSettings>] = [
    .number("beta1", \.beta1, 0...0.99999999, "decay of the first moment"),
    .number("beta2", \.beta2, 0...0.99999999, "decay of the second moment"),
    .number("epsilon", \.epsilon, 1e-16...1, "keeps the division finite"),
    .number(
      "exponentialMovingAverage", \.exponentialMovingAverage, 0...0.99999999,
      "decay of the averaged weights; 0 = none"),
    .integer(
      "gradientAccumulation", \.gradientAccumulation, 1...65_536,
      "masked forward passes per step"),
    .integer(
      "checkpointEverySteps", \.checkpointEverySteps, 1...1_000_000_000,
      "steps between checkpoints"),
  ]
}
