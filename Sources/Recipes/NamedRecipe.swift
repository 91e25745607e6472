/// The built-in recipes, by size of machine and patience.
public enum NamedRecipe: String, RecipeChoice {
  /// Minutes on two cores.
  case tiny
  /// Hours on two cores.
  case small
  /// The published settings, for a large machine.
  case paper

  /// What the recipe does and how long it takes, in one line.
  public var summary: String {
    switch self {
    case .tiny:
      "small convolutional network at 128x64, pairs only; about \(expectedMinutes) minutes of "
        + "training on 2 cores"
    case .small:
      "ViT-Tiny at 256x128, masked images and then pairs; about \(expectedMinutes) minutes "
        + "(\(expectedMinutes / 60) hours, an estimate) of training on 2 cores"
    case .paper:
      "ViT-Small at 256x128 with SimMIM's rates and masks of 100 epochs; about \(expectedMinutes) minutes "
        + "(\(expectedMinutes / 1440) days, an estimate) of training for 100000 crops on 2 cores"
    }
  }

  /// Minutes of training on two cores; `paper` for a hundred thousand crops.
  ///
  /// `tiny` takes 4.7 minutes of one core's time from 11,000 crops (docs/results.md), and the reading of
  /// footage beside it; the others follow from the images a second that eager PyTorch trains on two
  /// cores (ViT-Tiny about 30, ViT-Small 8 at 256x128).
  public var expectedMinutes: Int {
    switch self {
    case .tiny: 6
    case .small: 260
    case .paper: 30_000
    }
  }

  /// The settings of the recipe.
  public var recipe: PretrainingRecipe {
    var recipe = PretrainingRecipe()
    recipe.base = self
    switch self {
    case .tiny: break
    case .small: recipe.becomeSmall()
    case .paper: recipe.becomePaper()
    }
    return recipe
  }
}

extension PretrainingRecipe {
  /// ViT-Tiny for a night on two cores.
  fileprivate mutating func becomeSmall() {
    model.backbone = "vit_tiny_patch16_224"
    model.embedding = 256
    model.imageHeight = 256
    model.imageWidth = 128
    schedule.objective = .both
    // Its steps are slow beside the reading of footage.
    schedule.framesPerStep = 16
    simmim.steps = 2000
    simmim.learningRate = 5e-4
    isr.steps = 3000
    takeTransformerStart()
    optimizer.exponentialMovingAverage = 0.999
  }

  /// ViT-Small with the released SimMIM values for 100 epochs; the pair stage has no public values.
  fileprivate mutating func becomePaper() {
    model.backbone = "vit_small_patch16_224"
    model.embedding = 512
    model.imageHeight = 256
    model.imageWidth = 128
    // SimMIM's value for vision transformers.
    model.dropPath = 0.1
    schedule.objective = .both
    simmim.epochs = 100
    simmim.batch = 64
    simmim.learningRate = 8e-4
    simmim.minimumRate = 4e-5
    simmim.warmupStartRate = 4e-6
    simmim.warmupFraction = 0.1
    // 64 x 32 = the total batch of 2048 that these rates belong to.
    optimizer.gradientAccumulation = 32
    optimizer.exponentialMovingAverage = 0.999
    isr.epochs = 20
    isr.pairsPerBatch = 32
    isr.gapMaximumEnd = 4
    isr.learningRate = 5e-4
    isr.minimumRate = 1e-6
  }
}
