/// What decides a call of `vision-export` or `vision-restore` besides its flags: seed and threads.
public struct GeneralRecipe: PartialRecipe {
  /// The commands it configures.
  public static let purpose = "vision-export and vision-restore"

  /// The name that was given; all are alike here.
  public var base = NamedRecipe.tiny
  /// Seed of all random numbers.
  public var seed = 0
  /// Threads; 0 takes every core.
  public var threads = 0
  /// Keys that were given and decide a training alone.
  public var ignoredKeys: [String] = []

  /// The defaults.
  public init() {}

  /// Every key of the recipe in the order it is written.
  public static let fields: [RecipeField<GeneralRecipe>] = generalFields

  /// Nothing can contradict.
  public func validate() throws(RecipeError) {}
}
