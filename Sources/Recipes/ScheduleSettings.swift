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
    /// Both losses in every step, with the rates, weight decay and clip of the pairs.
    case joint
  }

  /// What is learned.
  public var objective = Objective.isr
  /// How two objectives follow each other.
  public var order = Order.staged
  /// Weight of the pair loss beside the masked loss in joint order.
  public var jointWeight = 1.0

  /// Share of the first stage's steps that may be taken before all footage has been read, 0…1.
  ///
  /// 0 reads all footage first. Stages counted in epochs always do, as their length follows from it.
  public var overlap = 0.2
  /// Frames with persons that are read before the first step.
  public var headFrames = 128
  /// Frames with persons that the trainer may see more with every step, until it sees all.
  public var framesPerStep = 2

  /// The schedule of the `tiny` recipe.
  public init() {}

  /// Every key of the group in the order it is written.
  public static let fields: [RecipeField<ScheduleSettings>] = [
    .choice("objective", \.objective, "what is learned"),
    .choice(
      "order", \.order, "one after the other, or both in every step with the rates and clip of isr"),
    .number("jointWeight", \.jointWeight, 0...1000, "weight of the pair loss in joint order"),
    .number(
      "overlap", \.overlap, 0...1, "share of the first stage's steps before all footage is read"),
    .integer("headFrames", \.headFrames, 1...1_000_000, "frames read before the first step"),
    .integer("framesPerStep", \.framesPerStep, 0...1_000_000, "frames more with every step"),
  ]
}
