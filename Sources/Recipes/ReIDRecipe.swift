/// Everything that decides a run of `vision-finetune --task reid`, besides its data.
public struct ReIDRecipe: Recipe {
  /// The command it configures.
  public static let purpose = "vision-finetune --task reid"
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
  /// Whether features of a frozen part are kept.
  public var frozenFeatures = FrozenFeatureSettings()
  /// Batches, head and losses.
  public var reid = ReIDSettings()
  /// The head over the persons that are learned.
  public var head = HeadSettings()
  /// How pictures are varied.
  public var augmentation = ISRAugmentation()
  /// What the run shows about itself.
  public var report = ReportSettings()

  /// The recipe `tiny`.
  public init() {}

  /// Every key of the recipe in the order it is written.
  public static let fields: [RecipeField<ReIDRecipe>] =
    generalFields
    + TuningSettings.fields.map { $0.within("tuning", \.tuning) }
    + FinetuneSettings.fields.map { $0.within("training", \.training) }
    + FrozenFeatureSettings.fields.map { $0.within("training", \.frozenFeatures) }
    + ReIDSettings.fields.map { $0.within("reid", \.reid) }
    + HeadSettings.fields.map { $0.within("head", \.head) }
    + ISRAugmentation.fields.map { $0.within("augmentation", \.augmentation) }
    + ReportSettings.fields.map { $0.within("report", \.report) }

  /// The settings of the adapter that is chosen.
  public static let tables: [RecipeTable<ReIDRecipe>] = [
    TuningSettings.adapterTable(\.tuning.adapter)
  ]

  /// The built-in recipe of a name.
  ///
  /// `tiny` is the small convolutional network for minutes on two cores; `small` a ViT-Tiny for hours;
  /// `paper` the published strong baseline's length and batch with rates for a pretrained network.
  public static func builtIn(_ name: NamedRecipe) -> ReIDRecipe {
    var recipe = ReIDRecipe()
    recipe.base = name
    switch name {
    case .tiny: break
    case .small:
      recipe.tuning.start = "random:vit_tiny_patch16_224"
      recipe.training.steps = 4000
      recipe.training.learningRate = 5e-4
      recipe.training.minimumRate = 1e-6
      recipe.training.layerDecay = 0.75
      recipe.training.exponentialMovingAverage = 0.999
    case .paper:
      recipe.tuning.start = "random:resnet50"
      recipe.training.epochs = 60
      recipe.training.learningRate = 3.5e-4
      recipe.training.minimumRate = 7e-7
      recipe.training.coreFactor = 0.1
      recipe.augmentation.scaleMinimum = 0.85
      recipe.augmentation.brightness = 0
      recipe.augmentation.contrast = 0
      recipe.augmentation.channelGain = 0
      recipe.augmentation.gammaMinimum = 1
      recipe.augmentation.gammaMaximum = 1
      recipe.augmentation.gray = 0
      recipe.augmentation.erasingAreaMaximum = 0.4
      recipe.augmentation.cameraStyle = 0
    }
    return recipe
  }

  /// Checks the settings that are each allowed but must fit together.
  ///
  /// - Throws: `RecipeError.conflict` that names the keys.
  public func validate() throws(RecipeError) {
    try training.validate(under: "training")
    try augmentation.validate(under: "augmentation")
    guard reid.identityLoss != .none || reid.pairLoss != .none else {
      throw .conflict(
        keys: ["reid.identityLoss", "reid.pairLoss"],
        reason: "both are none, so nothing would be learned")
    }
  }
}
