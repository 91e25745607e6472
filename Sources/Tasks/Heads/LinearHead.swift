public import Gradients
public import Layers
public import Tensors

/// One direction for each person: linear scores `z Wᵀ` without bias, or cosines.
public final class LinearHead: IdentityHead {
  /// Name in recipes.
  public static let name = "linear"
  /// What it is.
  public static let summary = "one direction for each person"
  /// `[classes, width]`.
  public let weight: Parameter

  /// Starts at N(0, deviation²).
  public init(_ shape: IdentityHeadShape, random: RandomStream) {
    var random = random
    weight = Parameter(
      random.normal(shape: [shape.classes, shape.width], deviation: shape.deviation))
  }

  /// The whole vector alone.
  public var lengths: [Int] { [weight.value.columns] }

  /// One matrix.
  public func scores(
    of vectors: Variable, classes: [Int]?, asCosines: Bool, in context: ForwardContext
  ) -> [Variable] {
    var directions = context.variable(weight)
    if let classes { directions = directions.gathered(classes) }
    return [Self.compared(vectors, directions, asCosines: asCosines)]
  }

  /// Linear scores of vectors with directions, or their cosines.
  static func compared(
    _ vectors: Variable, _ directions: Variable, asCosines: Bool
  ) -> Variable {
    asCosines
      ? vectors.l2Normalized().multiplied(by: directions.l2Normalized(), transposingOther: true)
      : vectors.multiplied(by: directions, transposingOther: true)
  }

  /// The directions become the weights.
  public func start(from directions: Tensor) {
    precondition(
      directions.shape == weight.value.shape,
      "LinearHead: directions \(directions.shape) for weights \(weight.value.shape)")
    weight.value = directions
  }
}
