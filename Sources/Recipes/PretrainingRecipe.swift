/// Everything that decides a run of `vision-pretrain`, besides its footage.
///
/// ```swift
/// let recipe = try PretrainingRecipe.loaded(
///   "tiny", overrides: [RecipeOverride(parsing: "isr.steps=200")])
/// try recipe.write(to: run.appending(path: "recipe.yaml"))
/// ```
public struct PretrainingRecipe: Recipe {
  /// The command it configures.
  public static let purpose = "vision-pretrain"
  /// Stages with a length of their own.
  public static let stages = ["simmim", "isr"]

  /// The built-in recipe that fills the keys a file leaves out.
  public var base = NamedRecipe.tiny
  /// Seed of all random numbers.
  public var seed = 0
  /// Threads; 0 takes every core.
  public var threads = 0
  /// The network that is trained.
  public var model = ModelSettings()
  /// How persons are found in footage.
  public var extraction = ExtractionSettings()
  /// Which objectives are trained.
  public var schedule = ScheduleSettings()
  /// Masked image modelling.
  public var simmim = SimMIMSettings()
  /// Contrast of mined pairs.
  public var isr = ISRSettings()
  /// What both objectives share about optimisation.
  public var optimizer = OptimizerSettings()
  /// What the run shows about itself.
  public var report = ReportSettings()

  /// The recipe `tiny`.
  public init() {}

  /// Every key of the recipe in the order it is written.
  public static let fields: [RecipeField<PretrainingRecipe>] =
    generalFields
    + ModelSettings.fields.map { $0.within("model", \.model) }
    + ExtractionSettings.fields.map { $0.within("extraction", \.extraction) }
    + ScheduleSettings.fields.map { $0.within("schedule", \.schedule) }
    + SimMIMSettings.fields.map { $0.within("simmim", \.simmim) }
    + ISRSettings.fields.map { $0.within("isr", \.isr) }
    + OptimizerSettings.fields.map { $0.within("optimizer", \.optimizer) }
    + ReportSettings.fields.map { $0.within("report", \.report) }

  /// The built-in recipe of a name.
  public static func builtIn(_ name: NamedRecipe) -> PretrainingRecipe { name.recipe }
}
