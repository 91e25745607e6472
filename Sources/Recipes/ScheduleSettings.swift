/// Which objectives are trained, and how they combine.
public struct ScheduleSettings: RecipeSettings {
  /// What is learned.
  public enum Objective: String, RecipeChoice {
    /// Masked image modelling.
    case simmim
    /// Contrast of mined pairs.
    case isr
    /// Masked image modelling and contrast of mined pairs.
    case both

    /// Whether masked image modelling is trained.
    public var includesMasking: Bool { self != .isr }
    /// Whether mined pairs are trained.
    public var includesPairs: Bool { self != .simmim }
  }

  /// How two objectives follow each other.
  public enum Order: String, RecipeChoice {
    /// Masked image modelling first, then pairs from its encoder.
    case staged
    /// Both losses in every step.
    case joint
  }

  /// What is learned.
  public var objective = Objective.isr
  /// How two objectives follow each other.
  public var order = Order.staged
  /// Weight of the pair loss beside the masked loss in joint order.
  public var jointWeight = 1.0

  /// The schedule of the `tiny` recipe.
  public init() {}

  /// Every key of the group in the order it is written.
  public static let fields: [RecipeField<ScheduleSettings>] = [
    .choice("objective", \.objective, "what is learned"),
    .choice("order", \.order, "one after the other, or both in every step"),
    .number("jointWeight", \.jointWeight, 0...1000, "weight of the pair loss in joint order"),
  ]
}
