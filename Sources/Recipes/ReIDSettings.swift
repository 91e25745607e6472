/// Person re-identification: batches, head and losses.
///
/// Defaults follow the strong baseline (H. Luo et al., "Bag of Tricks and A Strong Baseline for Deep
/// Person Re-identification", 2019, arXiv 1903.07071), with soft triplets.
public struct ReIDSettings: RecipeSettings {
  /// How a feature map becomes a vector.
  public enum Pooling: String, RecipeChoice {
    /// The network's own: mean or class token.
    case network
    /// Generalised mean with a learned exponent, from 3.
    case generalizedMean
  }

  /// How persons are told apart by the classifier.
  public enum IdentityLoss: String, RecipeChoice {
    /// Cross-entropy of linear scores.
    case softmax
    /// Cosines relaxed as in circle loss.
    case circle
    /// Cosines with an angular margin.
    case arcFace
    /// Cosines with a subtracted margin.
    case cosFace
    /// No classifier.
    case none
  }

  /// How pictures of a batch are compared with each other.
  public enum PairLoss: String, RecipeChoice {
    /// Hardest positive and negative, soft margin.
    case softTriplet
    /// Hardest positive and negative, fixed margin.
    case hardTriplet
    /// All pairs, weighed.
    case circle
    /// None.
    case none
  }

  /// Which vector is compared when searching.
  public enum SearchFeature: String, RecipeChoice {
    /// After the neck for convolutional networks, before it for transformers.
    case automatic
    /// Before the neck.
    case before
    /// After the neck.
    case after
  }

  /// Persons of a batch (P).
  public var personsPerBatch = 16
  /// Pictures of each person in a batch (K).
  public var imagesPerPerson = 4
  /// Training pictures kept of each person, drawn by the seed; 0 keeps all.
  public var imageLimit = 0
  /// Training persons kept, drawn by the seed; 0 keeps all.
  public var personLimit = 0
  /// Whether the pictures of a person in a batch come from as many cameras as possible.
  public var mixesCameras = false
  /// How a feature map becomes a vector.
  public var pooling = Pooling.network
  /// How persons are told apart by the classifier.
  public var identityLoss = IdentityLoss.softmax
  /// Weight of the identity loss.
  public var identityWeight = 1.0
  /// Share of the target that is spread over all persons, 0…1.
  public var smoothing = 0.1
  /// How pictures of a batch are compared with each other.
  public var pairLoss = PairLoss.softTriplet
  /// Weight of the pair loss.
  public var pairWeight = 1.0
  /// Margin of hard triplets.
  public var margin = 0.3
  /// Weight of the centre loss; 0 has none.
  public var centreWeight = 0.0
  /// Rate of the centres, which move by plain gradient descent apart from everything else.
  public var centreRate = 0.5
  /// Weight of a learned vector for each camera that is added to every token of a vision transformer; 0 has
  /// none.
  public var cameraEmbedding = 0.0
  /// Shuffled parts of a vision transformer's patches that get vectors of their own; 0 has none.
  public var jigsawParts = 0
  /// Which vector is compared when searching.
  public var searchFeature = SearchFeature.automatic

  /// The settings of the `tiny` recipe.
  public init() {}

  /// Every key of the group in the order it is written.
  public static let fields: [RecipeField<ReIDSettings>] = [
    .integer("personsPerBatch", \.personsPerBatch, 2...4096, "persons of a batch"),
    .integer("imagesPerPerson", \.imagesPerPerson, 2...1024, "pictures of each in a batch"),
    .integer("imageLimit", \.imageLimit, 0...1_000_000, "pictures kept of each person; 0 = all"),
    .integer("personLimit", \.personLimit, 0...10_000_000, "persons kept; 0 = all"),
    .flag("mixesCameras", \.mixesCameras, "a person's pictures in a batch from many cameras"),
    .choice("pooling", \.pooling, "how a feature map becomes a vector"),
    .choice("identityLoss", \.identityLoss, "how the classifier tells persons apart"),
    .number("identityWeight", \.identityWeight, 0...1000, "of the identity loss"),
    .number("smoothing", \.smoothing, 0...0.99, "share of the target spread over all persons"),
    .choice("pairLoss", \.pairLoss, "how pictures of a batch are compared"),
    .number("pairWeight", \.pairWeight, 0...1000, "of the pair loss"),
    .number("margin", \.margin, 0...100, "of hard triplets"),
    .number("centreWeight", \.centreWeight, 0...1000, "of the centre loss; 0 = none"),
    .number("centreRate", \.centreRate, 0...10, "of the centres, by plain gradient descent"),
    .number("cameraEmbedding", \.cameraEmbedding, 0...100, "of a vector per camera; 0 = none"),
    .integer("jigsawParts", \.jigsawParts, 0...64, "shuffled parts of the patches; 0 = none"),
    .choice("searchFeature", \.searchFeature, "vector that is compared when searching"),
  ]
}
