/// The network that is trained.
public struct ModelSettings: RecipeSettings {
  /// The backbone's name in the catalog.
  public var backbone = "convnet_small"
  /// The width of the embedding that pairs are compared in.
  public var embedding = 128
  /// The height of a network input in pixels.
  public var imageHeight = 128
  /// The width of a network input in pixels.
  public var imageWidth = 64

  /// The model of the `tiny` recipe.
  public init() {}

  /// Every key of the group in the order it is written.
  public static let fields: [RecipeField<ModelSettings>] = [
    .name("backbone", \.backbone, "network to train"),
    .integer("embedding", \.embedding, 1...8192, "width of the embedding that pairs share"),
    .integer("imageHeight", \.imageHeight, 16...2048, "input height in pixels"),
    .integer("imageWidth", \.imageWidth, 16...2048, "input width in pixels"),
  ]
}
