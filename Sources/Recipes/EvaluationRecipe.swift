/// Everything that decides a call of `vision-evaluate`, besides its models and data.
public struct EvaluationRecipe: PartialRecipe {
  /// The command it configures.
  public static let purpose = "vision-evaluate"

  /// The name that was given; all are alike here.
  public var base = NamedRecipe.tiny
  /// Seed of all random numbers.
  public var seed = 0
  /// Threads; 0 takes every core.
  public var threads = 0
  /// How features are compared.
  public var scoring = ScoringSettings()
  /// Keys that were given and decide a training alone.
  public var ignoredKeys: [String] = []

  /// The defaults.
  public init() {}

  /// Every key of the recipe in the order it is written.
  public static let fields: [RecipeField<EvaluationRecipe>] =
    generalFields + ScoringSettings.fields.map { $0.within("scoring", \.scoring) }

  /// The command checks its settings together with its flags.
  public func validate() throws(RecipeError) {}
}
