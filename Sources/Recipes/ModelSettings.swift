/// The network that is trained.
public struct ModelSettings: RecipeSettings {
  /// How embeddings are normalised before their length is made 1.
  public enum EmbeddingNormalization: String, RecipeChoice {
    /// Not at all.
    case none
    /// Over the batch: what all crops have in common is taken away.
    case batch
  }

  /// The backbone's name in the catalog.
  public var backbone = "convnet_small"
  /// The width of the embedding that pairs are compared in.
  public var embedding = 128
  /// How embeddings are normalised before their length is made 1.
  public var embeddingNormalization = EmbeddingNormalization.none
  /// The height of a network input in pixels.
  public var imageHeight = 128
  /// The width of a network input in pixels.
  public var imageWidth = 64
  /// Largest rate at which a transformer's branches are dropped in training, 0…1; below 0 the network's
  /// own.
  public var dropPath = -1.0
  /// Start of the factors of a vision transformer's branches; below 0 the network's own, which may be
  /// none.
  public var layerScale = -1.0

  /// Whether blocks keep their inputs alone and compute the rest again in the backward pass: less memory,
  /// a third more time, the same results.
  public var activationCheckpointing = false

  /// The model of the `tiny` recipe.
  public init() {}

  /// Every key of the group in the order it is written.
  public static let fields: [RecipeField<ModelSettings>] = [
    .name("backbone", \.backbone, "network to train"),
    .integer("embedding", \.embedding, 1...8192, "width of the embedding that pairs share"),
    .choice(
      "embeddingNormalization", \.embeddingNormalization,
      "over the crops of a batch, before length 1; for a vision transformer without a better start"),
    .integer("imageHeight", \.imageHeight, 16...2048, "input height in pixels"),
    .integer("imageWidth", \.imageWidth, 16...2048, "input width in pixels"),
    .number(
      "dropPath", \.dropPath, -1...0.99,
      "largest rate of dropped branches in a transformer; -1 = the network's own"),
    .number(
      "layerScale", \.layerScale, -1...10,
      "start of the branches' factors in a vision transformer; -1 = the network's own"),
    .flag(
      "activationCheckpointing", \.activationCheckpointing,
      "blocks compute again instead of keeping: less memory, a third more time"),
  ]
}
