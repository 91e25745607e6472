/// Face recognition: pictures, batches, head and loss.
///
/// Defaults suit tens of persons and minutes; `paper` has those of the published recipes.
public struct FaceSettings: RecipeSettings {
  /// How persons are told apart.
  public enum Loss: String, RecipeChoice {
    /// A margin on the angle.
    case arcFace
    /// A margin on the cosine.
    case cosFace
    /// A margin that follows the length of each feature vector.
    case adaFace
    /// Scaled cosines without margin.
    case softmax
  }

  /// What passes the margin backwards.
  public enum MarginGradient: String, RecipeChoice {
    /// Slope 1.
    case straightThrough
    /// The true derivative.
    case exact
  }

  /// Where the vectors of the classes start.
  public enum ClassStart: String, RecipeChoice {
    /// Small random numbers.
    case noise
    /// The mean vector of each person's pictures.
    case means
  }

  /// Pictures of a batch.
  public var batchSize = 32
  /// Length of the compared vector; 0 compares the network's own features.
  public var embedding = 128
  /// How persons are told apart.
  public var loss = Loss.cosFace
  /// The margin: 0.5 is usual for arcFace, 0.35 to 0.4 for the others.
  public var margin = 0.35
  /// Multiplies cosines.
  public var scale = 32.0
  /// What passes the margin backwards.
  public var marginGradient = MarginGradient.straightThrough
  /// Where the vectors of the classes start.
  public var classStart = ClassStart.noise
  /// Share of the classes that a step looks at, 0…1; those of the batch always are among them.
  public var classShare = 1.0
  /// Rows and columns of aligned pictures, before they are brought to the network's size.
  public var alignedSize = 112
  /// Probability that a training picture loses resolution, 0…1.
  public var lowResolution = 0.2
  /// Smallest side of such a picture relative to its own, 0…1.
  public var lowResolutionMinimum = 0.2
  /// Training persons kept, drawn by the seed; 0 keeps all.
  public var personLimit = 0
  /// Training pictures kept of each person, drawn by the seed; 0 keeps all.
  public var imageLimit = 0
  /// Steps that teach the quality network of an adapter with `adapter.metric=cnniqa`.
  public var qualitySteps = 500
  /// A quality network of an earlier run in place of training one; `train` trains.
  public var qualityNetwork = "train"

  /// The settings of the `tiny` recipe.
  public init() {}

  /// Every key of the group in the order it is written.
  public static let fields: [RecipeField<FaceSettings>] = [
    .integer("batchSize", \.batchSize, 2...65_536, "pictures of a batch"),
    .integer("embedding", \.embedding, 0...65_536, "length of the vector; 0 = the network's own"),
    .choice("loss", \.loss, "how persons are told apart"),
    .number("margin", \.margin, 0...3, "0.5 for arcFace, 0.35 to 0.4 for the others"),
    .number("scale", \.scale, 1...1000, "of the cosines"),
    .choice("marginGradient", \.marginGradient, "what passes the margin backwards"),
    .choice("classStart", \.classStart, "where the classes' vectors start"),
    .number("classShare", \.classShare, 0.0001...1, "of the classes in a step; 1 = all"),
    .integer("alignedSize", \.alignedSize, 16...4096, "pixels of aligned pictures"),
    .number("lowResolution", \.lowResolution, 0...1, "probability of losing resolution"),
    .number("lowResolutionMinimum", \.lowResolutionMinimum, 0.01...1, "smallest relative side"),
    .integer("personLimit", \.personLimit, 0...100_000_000, "persons kept; 0 = all"),
    .integer("qualitySteps", \.qualitySteps, 1...1_000_000, "training of adapter.metric=cnniqa"),
    .name("qualityNetwork", \.qualityNetwork, "train, or a quality.safetensors of an earlier run"),
    .integer("imageLimit", \.imageLimit, 0...1_000_000, "pictures kept of each person; 0 = all"),
  ]
}
