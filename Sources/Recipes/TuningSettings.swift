/// What training starts from and which weights it may change.
public struct TuningSettings: RecipeSettings {
  /// A run folder, a model folder or `random:BACKBONE`.
  public var start = "random:convnet_small"
  /// `full` for all weights, `head` for the new parts alone, or the name of an adapter.
  public var method = "full"
  /// Patterns of the layers an adapter is put on; `default` is the adapter's own choice.
  public var sites = "default"
  /// Patterns of layers that the adapter leaves out; `none` leaves none out.
  public var excluded = "none"
  /// Patterns of parameters that are trained in full beside the adapter; `none` for no others.
  public var tuned = "none"
  /// Whether a run ends with a look for intruder dimensions in the weights that an adapter changes.
  public var inspection = true
  /// A folder of pictures of the domain before, on which features with and without the adapter are
  /// compared after the run; `none` compares nothing.
  public var oldPictures = "none"
  /// Settings of the adapter that differ from its defaults, by name.
  public var adapter: [String: String] = [:]

  /// The settings of the `tiny` recipes.
  public init() {}

  /// Every key of the group in the order it is written.
  public static let fields: [RecipeField<TuningSettings>] = [
    .name("start", \.start, "run, model folder or random:BACKBONE"),
    .name("method", \.method, "full, head or an adapter"),
    .name("sites", \.sites, "patterns of the layers an adapter is put on"),
    .name("excluded", \.excluded, "patterns of layers that the adapter leaves out"),
    .name("tuned", \.tuned, "patterns of parameters trained in full beside the adapter"),
    .flag("inspection", \.inspection, "intruder dimensions are counted after the run"),
    .name("oldPictures", \.oldPictures, "folder on which forgetting is measured after the run"),
  ]

  /// The group of the adapter's settings in a recipe.
  static func adapterTable<Settings>(
    _ values: any WritableKeyPath<Settings, [String: String]> & Sendable
  ) -> RecipeTable<Settings> {
    RecipeTable("adapter", values, "settings of the adapter, see vision-finetune --list-adapters")
  }
}
