/// Everything that decides a run of `vision-finetune --task face`, besides its data.
public struct FaceRecipe: Recipe {
  /// The command it configures.
  public static let purpose = "vision-finetune --task face"
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
  /// Pictures, batches, head and loss.
  public var face = FaceSettings()
  /// The head over the persons that are learned.
  public var head = HeadSettings()
  /// How pictures are varied.
  public var augmentation = ISRAugmentation()
  /// What the run shows about itself.
  public var report = ReportSettings()

  /// The recipe `tiny`.
  public init() {
    tuning.start = "random:convnet_small@64x64"
    training.steps = 1200
    training.validationShare = 0.2
    training.evaluateEverySteps = 200
    training.checkpointEverySteps = 200
    augmentation.scaleMinimum = 0.85
    augmentation.channelGain = 0.05
    augmentation.gray = 0.2
    augmentation.erasing = 0.25
    augmentation.cameraStyle = 0
  }

  /// Every key of the recipe in the order it is written.
  public static let fields: [RecipeField<FaceRecipe>] =
    generalFields
    + TuningSettings.fields.map { $0.within("tuning", \.tuning) }
    + FinetuneSettings.fields.map { $0.within("training", \.training) }
    + FrozenFeatureSettings.fields.map { $0.within("training", \.frozenFeatures) }
    + FaceSettings.fields.map { $0.within("face", \.face) }
    + HeadSettings.fields.map { $0.within("head", \.head) }
    + ISRAugmentation.fields.map { $0.within("augmentation", \.augmentation) }
    + ReportSettings.fields.map { $0.within("report", \.report) }

  /// The settings of the adapter that is chosen.
  public static let tables: [RecipeTable<FaceRecipe>] = [
    TuningSettings.adapterTable(\.tuning.adapter)
  ]

  /// The built-in recipe of a name.
  ///
  /// `tiny` is the small convolutional network for minutes on two cores; `small` a ViT-Tiny for hours;
  /// `paper` the published adapter recipe's batch, rate and decay (PETALface, TinyFace) with a flip as
  /// the only variation.
  public static func builtIn(_ name: NamedRecipe) -> FaceRecipe {
    var recipe = FaceRecipe()
    recipe.base = name
    switch name {
    case .tiny: break
    case .small:
      recipe.tuning.start = "random:vit_tiny_patch16_224@112x112"
      recipe.training.steps = 5000
      recipe.training.learningRate = 5e-4
      recipe.training.minimumRate = 1e-6
      recipe.training.exponentialMovingAverage = 0.999
      recipe.face.batchSize = 64
      recipe.face.embedding = 256
    case .paper:
      recipe.tuning.start = "random:vit_tiny_patch16_224@112x112"
      recipe.training.epochs = 50
      recipe.training.learningRate = 5e-4
      recipe.training.minimumRate = 0
      recipe.training.weightDecay = 0.1
      recipe.training.warmupFraction = 0.04
      recipe.training.validationShare = 0.05
      recipe.face.batchSize = 64
      recipe.face.embedding = 512
      recipe.face.scale = 64
      recipe.face.margin = 0.4
      recipe.face.lowResolution = 0
      recipe.augmentation.scaleMinimum = 1
      recipe.augmentation.aspectChange = 0
      recipe.augmentation.brightness = 0
      recipe.augmentation.contrast = 0
      recipe.augmentation.channelGain = 0
      recipe.augmentation.gammaMinimum = 1
      recipe.augmentation.gammaMaximum = 1
      recipe.augmentation.gray = 0
      recipe.augmentation.erasing = 0
    }
    return recipe
  }

  /// Checks the settings that are each allowed but must fit together.
  ///
  /// - Throws: `RecipeError.conflict` that names the keys.
  public func validate() throws(RecipeError) {
    try training.validate(under: "training")
    try augmentation.validate(under: "augmentation")
    guard face.loss == .softmax || face.margin > 0 else {
      throw .conflict(
        keys: ["face.loss", "face.margin"],
        reason: "the margin is 0; that is softmax, which has none")
    }
  }
}
