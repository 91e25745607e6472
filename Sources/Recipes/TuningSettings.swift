/// What training starts from and which weights it may change.
public struct TuningSettings: RecipeSettings {
  /// A run folder, a model folder or `random:BACKBONE`.
  public var start = "random:convnet_small"
  /// `full` for all weights, `head` for the new parts alone, or the name of an adapter.
  public var method = "full"
  /// Rank of an adapter that has one.
  public var rank = 8
  /// Pattern of the layers an adapter is put on; `default` is the adapter's own choice.
  public var sites = "default"

  /// The settings of the `tiny` recipes.
  public init() {}

  /// Every key of the group in the order it is written.
  public static let fields: [RecipeField<TuningSettings>] = [
    .name("start", \.start, "run, model folder or random:BACKBONE"),
    .name("method", \.method, "full, head or an adapter"),
    .integer("rank", \.rank, 1...4096, "of an adapter that has one"),
    .name("sites", \.sites, "pattern of the layers an adapter is put on"),
  ]
}
