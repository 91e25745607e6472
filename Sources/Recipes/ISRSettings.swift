/// Contrast of mined pairs, in the style of ISR: its batches, matching, loss and optimisation.
///
/// Defaults come from our measurements with the small convolutional network; the published work
/// (Dou et al., "Identity-Seeking Self-Supervised Representation Learning for Generalizable Person
/// Re-identification", 2023, arXiv 2308.08887) does not state its own.
public struct ISRSettings: RecipeSettings {
  /// How much a matched pair counts.
  public enum Reliability: String, RecipeChoice {
    /// By the probability of the partner among all candidates.
    case p
    /// All pairs alike.
    case none
    /// By the frame-local probability beside a "nobody" entry.
    case dustbin
    /// No matching: cycle consistency between the two frames.
    case cycas
  }

  /// How pairs are chosen.
  public enum Matcher: String, RecipeChoice {
    /// Maximum-weight one-to-one assignment.
    case hungarian
    /// The nearest crop of the other frame.
    case argmax
    /// Crops that are each other's nearest.
    case mutual
  }

  /// The picture of a crop that matching looks at.
  public enum MatchView: String, RecipeChoice {
    /// The crop as extracted.
    case clean
    /// The augmented crop that is learned from.
    case train
  }

  /// Where the frame pairs of a batch come from.
  public enum BatchSource: String, RecipeChoice {
    /// One long video where there are few, else as many videos as there are pairs.
    ///
    /// All pairs of a batch from one short clip would show the same few persons again and again, each
    /// time as a negative of themselves. So videos are mixed where there are as many as pairs in a batch,
    /// or where most footage lies in videos too short to keep pairs a walk apart.
    case automatic
    /// One video, at evenly spread times.
    case oneVideo
    /// All videos.
    case mixed
  }

  /// Optimizer steps; 0 where `epochs` counts.
  ///
  /// Setting either length clears the other.
  public var steps = 2500 {
    didSet { if steps > 0 { epochs = 0 } }
  }
  /// Passes over all frames; 0 where `steps` counts.
  public var epochs = 0 {
    didSet { if epochs > 0 { steps = 0 } }
  }
  /// Frame pairs of a batch.
  public var pairsPerBatch = 8
  /// Largest number of crops taken from one frame.
  public var maximumCropsPerFrame = 16
  /// Where the frame pairs of a batch come from.
  public var batchSource = BatchSource.automatic
  /// Seconds that a person stays in sight.
  ///
  /// Where videos are mixed, frame pairs of one video that are nearer than this may show the same
  /// persons, so their crops are no negatives of each other.
  public var walkSeconds = 5.0
  /// Softmax temperature of the similarities.
  public var temperature = 0.1
  /// How much a matched pair counts.
  public var reliability = Reliability.p
  /// Exponent of the reliability weight.
  public var reliabilityExponent = 1.0
  /// How pairs are chosen.
  public var matcher = Matcher.hungarian
  /// The picture of a crop that matching looks at.
  public var matchView = MatchView.clean
  /// Share of the old average in the averaged network that matching looks with, 0 ..< 1; 0 looks with the
  /// network that learns.
  public var matchTeacher = 0.0
  /// Embeddings of earlier steps that are kept as further negatives; 0 keeps none.
  public var negativeQueue = 0
  /// Share of the sum of the crops' squared gradients that the way back through the backbone may leave out,
  /// those of the smallest gradients first, 0 ..< 1; 0 goes back for all crops.
  public var selectiveBackward = 0.0
  /// Whether the other crops of a frame are negatives of each other.
  public var sameFrameNegatives = true
  /// Smallest time between the two frames of a pair, in seconds.
  public var gapMinimum = 0.1
  /// Largest time between the two frames at the start, in seconds.
  public var gapMaximumStart = 0.5
  /// Largest time between the two frames after widening, in seconds.
  public var gapMaximumEnd = 2.0
  /// Share of the steps over which the largest time widens, 0…1.
  public var gapWidenFraction = 0.7
  /// Frame pairs, spread over the footage, that the trained network matches for `pairs.csv` and the report.
  public var sampledPairs = 400
  /// Peak learning rate.
  public var learningRate = 3e-3
  /// Learning rate at the end of the cosine.
  public var minimumRate = 3e-6
  /// Share of the steps that warm up, 0…1.
  public var warmupFraction = 0.05
  /// Decoupled weight decay.
  public var weightDecay = 0.05
  /// Largest global gradient norm; 0 does not clip.
  public var clip = 1.0
  /// How crops are varied.
  public var augmentation = ISRAugmentation()

  /// The pair contrast of the `tiny` recipe.
  public init() {}

  /// Every key of the group in the order it is written.
  public static let fields: [RecipeField<ISRSettings>] =
    [
      .integer("steps", \.steps, 0...1_000_000_000, "optimizer steps; 0 = count epochs"),
      .integer("epochs", \.epochs, 0...1_000_000, "passes over all frames; 0 = count steps"),
      .integer("pairsPerBatch", \.pairsPerBatch, 1...4096, "frame pairs of a batch"),
      .integer(
        "maximumCropsPerFrame", \.maximumCropsPerFrame, 2...1024, "random subset beyond it"),
      .choice("batchSource", \.batchSource, "where the frame pairs of a batch come from"),
      .number(
        "walkSeconds", \.walkSeconds, 0...3600,
        "a person stays in sight; mixed pairs of one video nearer than this do not repel"),
      .number("temperature", \.temperature, 0.001...10, "of the softmax over similarities"),
      .choice("reliability", \.reliability, "how much a matched pair counts"),
      .number("reliabilityExponent", \.reliabilityExponent, 0...10, "of the weight"),
      .choice("matcher", \.matcher, "how pairs are chosen"),
      .choice("matchView", \.matchView, "picture that matching looks at"),
      .number(
        "matchTeacher", \.matchTeacher, 0...0.9999,
        "decay of the averaged network that matches; 0 = the network that learns"),
      .integer(
        "negativeQueue", \.negativeQueue, 0...1_000_000,
        "embeddings of earlier steps as further negatives; 0 = none"),
      .number(
        "selectiveBackward", \.selectiveBackward, 0...0.9,
        "share of the squared gradients that the backward pass may leave out; 0 = nothing"),
      .flag("sameFrameNegatives", \.sameFrameNegatives, "crops of one frame repel each other"),
      .number("gapMinimum", \.gapMinimum, 0...3600, "seconds between the frames of a pair"),
      .number("gapMaximumStart", \.gapMaximumStart, 0.001...3600, "seconds, at the start"),
      .number("gapMaximumEnd", \.gapMaximumEnd, 0.001...3600, "seconds, after widening"),
      .number("gapWidenFraction", \.gapWidenFraction, 0...1, "share of the steps"),
      .integer(
        "sampledPairs", \.sampledPairs, 1...1_000_000,
        "frame pairs in the sample of pairs.csv and of the report"),
      .number("learningRate", \.learningRate, 0...10, "peak"),
      .number("minimumRate", \.minimumRate, 0...10, "end of the cosine"),
      .number("warmupFraction", \.warmupFraction, 0...1, "share of the steps"),
      .number("weightDecay", \.weightDecay, 0...10, "decoupled"),
      .number("clip", \.clip, 0...1_000_000, "global gradient norm; 0 = no clipping"),
    ] + ISRAugmentation.fields.map { $0.within("augmentation", \.augmentation) }
}
