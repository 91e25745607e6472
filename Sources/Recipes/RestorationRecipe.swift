/// Everything that decides a run of `vision-finetune --task restoration`, besides its data.
public struct RestorationRecipe: Recipe {
  /// The command it configures.
  public static let purpose = "vision-finetune --task restoration"
  /// Groups with a length of their own.
  public static let stages = ["training"]

  /// The built-in recipe that fills the keys a file leaves out.
  public var base = NamedRecipe.tiny
  /// Seed of all random numbers.
  public var seed = 0
  /// Threads; 0 takes every core.
  public var threads = 0
  /// What training starts from and which weights it may change.
  public var tuning = TuningSettings()
  /// Length, optimisation, choice of the best weights.
  public var training = FinetuneSettings()
  /// Data, crops and loss.
  public var restoration = RestorationSettings()
  /// What the run shows about itself.
  public var report = ReportSettings()

  /// The recipe `tiny`.
  public init() {
    tuning.start = "random:nafnet_small"
    training.steps = 2000
    training.learningRate = 1e-3
    training.minimumRate = 1e-6
    training.weightDecay = 0
    // The published recipes average faster and clip hard: the loss is in decibels, so its slope is steep.
    training.beta2 = 0.9
    training.clip = 0.01
  }

  /// Every key of the recipe in the order it is written.
  public static let fields: [RecipeField<RestorationRecipe>] =
    generalFields
    + TuningSettings.fields.map { $0.within("tuning", \.tuning) }
    + FinetuneSettings.fields.map { $0.within("training", \.training) }
    + RestorationSettings.fields.map { $0.within("restoration", \.restoration) }
    + ReportSettings.fields.map { $0.within("report", \.report) }

  /// The settings of the adapter that is chosen.
  public static let tables: [RecipeTable<RestorationRecipe>] = [
    TuningSettings.adapterTable(\.tuning.adapter)
  ]

  /// The built-in recipe of a name.
  public static func builtIn(_ name: NamedRecipe) -> RestorationRecipe {
    var recipe = RestorationRecipe()
    recipe.base = name
    switch name {
    case .tiny: break
    case .small:
      recipe.training.steps = 20_000
      recipe.training.exponentialMovingAverage = 0.999
      recipe.restoration.crop = 128
    case .paper:
      recipe.tuning.start = "random:nafnet_w32"
      recipe.training.steps = 200_000
      recipe.training.minimumRate = 1e-7
      recipe.training.evaluateEverySteps = 5000
      recipe.training.checkpointEverySteps = 1000
      recipe.restoration.crop = 256
      recipe.restoration.batch = 32
    }
    return recipe
  }

  /// Checks the settings that are each allowed but must fit together.
  ///
  /// - Throws: `RecipeError.conflict` that names the keys.
  public func validate() throws(RecipeError) {
    try training.validate(under: "training")
    guard restoration.overlap * 2 <= restoration.tileSide else {
      throw .conflict(
        keys: ["restoration.overlap", "restoration.tile"],
        reason:
          "tiles of \(restoration.tileSide) pixels cannot share \(restoration.overlap) on each "
          + "side")
    }
  }
}
