/// How a task is learned from labels: its length, optimisation, and the choice of the best weights.
public struct FinetuneSettings: RecipeSettings {
  /// Optimizer steps; 0 where `epochs` counts.
  ///
  /// Setting either length clears the other.
  public var steps = 1500 {
    didSet { if steps > 0 { epochs = 0 } }
  }
  /// Passes over the training pictures; 0 where `steps` counts.
  public var epochs = 0 {
    didSet { if epochs > 0 { steps = 0 } }
  }
  /// Peak learning rate of the parts that are new.
  public var learningRate = 2e-3
  /// Learning rate at the end of the cosine.
  public var minimumRate = 2e-6
  /// Rate of the network's own weights relative to that of the new parts.
  public var coreFactor = 1.0
  /// Factor from one block of the network to the one below it, 0…1; 1 gives all the same rate.
  public var layerDecay = 1.0
  /// Share of the steps that warm up, 0…1.
  public var warmupFraction = 0.05
  /// Decoupled weight decay.
  public var weightDecay = 0.05
  /// Decay of AdamW's second moment.
  public var beta2 = 0.999
  /// Largest global gradient norm; 0 does not clip.
  public var clip = 5.0
  /// Decay of the averaged weights, 0…1; 0 keeps none.
  public var exponentialMovingAverage = 0.0
  /// Share of the training persons or pictures held out to choose the best weights, 0…1.
  public var validationShare = 0.15
  /// Steps between two scores on what is held out.
  public var evaluateEverySteps = 250
  /// Scores without a better one after which training ends; 0 always runs to the end.
  public var patience = 0
  /// Steps between two checkpoints.
  public var checkpointEverySteps = 250
  /// Whether blocks keep their inputs alone and compute the rest again in the backward pass: less memory,
  /// a third more time, the same results.
  public var activationCheckpointing = false

  /// The settings of the `tiny` recipes.
  public init() {}

  /// Every key of the group in the order it is written.
  public static let fields: [RecipeField<FinetuneSettings>] = [
    .integer("steps", \.steps, 0...1_000_000_000, "optimizer steps; 0 = count epochs"),
    .integer("epochs", \.epochs, 0...1_000_000, "passes over the data; 0 = count steps"),
    .number("learningRate", \.learningRate, 0...10, "peak, of the new parts"),
    .number("minimumRate", \.minimumRate, 0...10, "end of the cosine"),
    .number("coreFactor", \.coreFactor, 0...100, "rate of the network relative to the new parts"),
    .number("layerDecay", \.layerDecay, 0.01...1, "rate factor from one block to the one below"),
    .number("warmupFraction", \.warmupFraction, 0...1, "share of the steps"),
    .number("weightDecay", \.weightDecay, 0...10, "decoupled"),
    .number("beta2", \.beta2, 0...0.99999999, "decay of the second moment"),
    .number("clip", \.clip, 0...1_000_000, "global gradient norm; 0 = no clipping"),
    .number(
      "exponentialMovingAverage", \.exponentialMovingAverage, 0...0.99999999,
      "decay of the averaged weights; 0 = none"),
    .number("validationShare", \.validationShare, 0...0.9, "held out to choose the best weights"),
    .integer("evaluateEverySteps", \.evaluateEverySteps, 1...1_000_000_000, "steps"),
    .integer("patience", \.patience, 0...1_000_000, "scores without a better one; 0 = no limit"),
    .integer(
      "checkpointEverySteps", \.checkpointEverySteps, 1...1_000_000_000,
      "steps between checkpoints"),
    .flag(
      "activationCheckpointing", \.activationCheckpointing,
      "blocks compute again instead of keeping: less memory, a third more time"),
  ]
}

extension FinetuneSettings {
  /// Checks the settings that must fit together.
  ///
  /// - Throws: `RecipeError.conflict` that names the keys under `group`.
  func validate(under group: String) throws(RecipeError) {
    guard steps > 0 || epochs > 0 else {
      throw .conflict(
        keys: ["\(group).steps", "\(group).epochs"], reason: "both lengths are 0")
    }
    try requireOrder([
      ("\(group).minimumRate", minimumRate, "\(group).learningRate", learningRate)
    ])
  }
}
