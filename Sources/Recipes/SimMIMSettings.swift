/// Masked image modelling: its length, optimisation, masks and augmentation.
///
/// Source: Xie et al., "SimMIM: A Simple Framework for Masked Image Modeling", 2022,
/// arXiv 2111.09886, for masks and augmentation.
public struct SimMIMSettings: RecipeSettings {
  /// What is reconstructed.
  public enum Target: String, RecipeChoice {
    /// The normalised picture.
    case plain
    /// The picture measured by mean and deviation of the 47x47 pixels around, as for Swin V2.
    case window47
  }

  /// How the learning rate falls.
  public enum Schedule: String, RecipeChoice {
    /// Along a cosine over all steps, as for 100 epochs.
    case cosine
    /// Once, to a tenth, as for 800 epochs.
    case step
  }

  /// Whether the crops of one video are kept from masked modelling, to measure its loss on a camera that
  /// it has not seen.
  public enum HoldOut: String, RecipeChoice {
    /// From eight videos on, where one is not missed much.
    case automatic
    /// From two videos on.
    case always
    /// Not at all; the loss is measured on crops of the training.
    case never
  }

  /// What weight decay acts on.
  public enum Decay: String, RecipeChoice {
    /// All but vectors, biases, tokens and position tables.
    case intended
    /// As the released code does it: tables of relative positions decay too, and the mask token of
    /// vision transformers.
    case release
  }

  /// Optimizer steps; 0 where `epochs` counts.
  ///
  /// Setting either length clears the other.
  public var steps = 300 {
    didSet { if steps > 0 { epochs = 0 } }
  }
  /// Passes over all crops; 0 where `steps` counts.
  public var epochs = 0 {
    didSet { if epochs > 0 { steps = 0 } }
  }
  /// Images of one forward pass.
  public var batch = 64
  /// Peak learning rate.
  public var learningRate = 1e-3
  /// How the learning rate falls.
  public var schedule = Schedule.cosine
  /// Learning rate at the end of the cosine.
  public var minimumRate = 1e-6
  /// Share of the steps after which `schedule: step` takes a tenth of the rate, 0…1; SimMIM: epoch 700
  /// of 800.
  public var dropFraction = 0.875
  /// Learning rate at the start of the warm-up.
  public var warmupStartRate = 0.0
  /// Share of the steps that warm up, 0…1.
  public var warmupFraction = 0.05
  /// Decoupled weight decay.
  public var weightDecay = 0.05
  /// What weight decay acts on.
  public var decay = Decay.intended
  /// Largest global gradient norm; 0 does not clip.
  public var clip = 5.0
  /// Side of a masked square in pixels.
  public var maskUnit = 32
  /// Share of masked squares, 0…1.
  public var maskRatio = 0.6
  /// What is reconstructed.
  public var target = Target.plain
  /// Whether the crops of one video are kept from masked modelling.
  public var holdOut = HoldOut.automatic
  /// How images are varied.
  public var augmentation = SimMIMAugmentation()

  /// The masked image modelling of the `tiny` recipe.
  public init() {}

  /// Every key of the group in the order it is written.
  public static let fields: [RecipeField<SimMIMSettings>] =
    [
      .integer("steps", \.steps, 0...1_000_000_000, "optimizer steps; 0 = count epochs"),
      .integer("epochs", \.epochs, 0...1_000_000, "passes over all crops; 0 = count steps"),
      .integer("batch", \.batch, 1...65_536, "images of one forward pass"),
      .number("learningRate", \.learningRate, 0...10, "peak"),
      .choice("schedule", \.schedule, "how the rate falls after the warm-up"),
      .number("minimumRate", \.minimumRate, 0...10, "end of the cosine"),
      .number(
        "dropFraction", \.dropFraction, 0...1, "share of the steps before step takes a tenth"),
      .number("warmupStartRate", \.warmupStartRate, 0...10, "start of the warm-up"),
      .number("warmupFraction", \.warmupFraction, 0...1, "share of the steps"),
      .number("weightDecay", \.weightDecay, 0...10, "decoupled"),
      .choice(
        "decay", \.decay, "what decays; release: position tables too, and a ViT's mask token"),
      .number("clip", \.clip, 0...1_000_000, "global gradient norm; 0 = no clipping"),
      .integer("maskUnit", \.maskUnit, 1...1024, "side of a masked square in pixels"),
      .number("maskRatio", \.maskRatio, 0.01...0.99, "share of masked squares"),
      .choice(
        "target", \.target, "the picture, or the picture over its 47x47 neighbourhood (Swin V2)"),
      .choice(
        "holdOut", \.holdOut,
        "the last video is kept for measuring the loss; automatic: from eight videos on"),
    ] + SimMIMAugmentation.fields.map { $0.within("augmentation", \.augmentation) }
}

/// How images are varied for masked image modelling.
public struct SimMIMAugmentation: RecipeSettings {
  /// Smallest share of the image area that is kept, 0…1.
  public var cropAreaMinimum = 0.67
  /// Largest share of the image area that is kept, 0…1.
  public var cropAreaMaximum = 1.0
  /// Smallest width divided by height of the kept part, relative to the image.
  public var aspectMinimum = 0.75
  /// Largest width divided by height of the kept part, relative to the image.
  public var aspectMaximum = 4.0 / 3
  /// Probability of a horizontal flip, 0…1.
  public var flip = 0.5

  /// The variation of the SimMIM paper.
  public init() {}

  /// Every key of the group in the order it is written.
  public static let fields: [RecipeField<SimMIMAugmentation>] = [
    .number("cropAreaMinimum", \.cropAreaMinimum, 0.01...1, "share of the image area"),
    .number("cropAreaMaximum", \.cropAreaMaximum, 0.01...1, "share of the image area"),
    .number("aspectMinimum", \.aspectMinimum, 0.1...10, "width / height, relative"),
    .number("aspectMaximum", \.aspectMaximum, 0.1...10, "width / height, relative"),
    .number("flip", \.flip, 0...1, "probability"),
  ]
}
