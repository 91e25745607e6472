/// The head over the persons that are learned, which a search needs no more.
public struct HeadSettings: RecipeSettings {
  /// What a head begins with where the start was trained for the same task.
  public enum Start: String, RecipeChoice {
    /// What fits of the start's head.
    case kept
    /// Random numbers.
    case new
  }

  /// `linear`, `nested`, `subspace`, or another head of the catalogue.
  public var kind = "linear"
  /// Shortest length of a nested head, which doubles up to the whole vector.
  public var shortest = 8
  /// Dimensions of a person in a subspace head.
  public var dimension = 8
  /// Peak rate of the subspaces, which move by a rule of their own.
  public var rate = 0.1
  /// What the head begins with where the start was trained for the same task.
  public var start = Start.kept

  /// The settings of the `tiny` recipes.
  public init() {}

  /// Every key of the group in the order it is written.
  public static let fields: [RecipeField<HeadSettings>] = [
    .name("kind", \.kind, "linear, nested or subspace"),
    .integer("shortest", \.shortest, 1...65_536, "shortest vector of a nested head"),
    .integer("dimension", \.dimension, 1...1024, "of a person in a subspace head"),
    .number("rate", \.rate, 0...10, "peak, of the subspaces"),
    .choice("start", \.start, "what fits of the start's head, or all new"),
  ]
}
