public import Gradients
public import Layers
public import Tensors

/// A vector whose beginnings are vectors too: every length of a list is scored with the beginning of one
/// weight matrix, and the losses are summed.
///
/// `L = Σ_m ℓ(z[:m] W[:, :m]ᵀ)` over the lengths `m`, which double from the shortest up to the whole. For
/// cosines both beginnings are brought to length 1. A search may then compare the first numbers alone.
///
/// **Source**: A. Kusupati et al., "Matryoshka Representation Learning", 2022, arXiv 2205.13147, with tied
/// weights (MRL-E) and without its bias.
public final class NestedHead: IdentityHead {
  /// Name in recipes.
  public static let name = "nested"
  /// What it is.
  public static let summary = "vectors that can be cut short"
  /// `[classes, width]`.
  public let weight: Parameter
  private let shape: IdentityHeadShape

  /// Starts at N(0, deviation²).
  public init(_ shape: IdentityHeadShape, random: RandomStream) {
    var random = random
    self.shape = shape
    weight = Parameter(
      random.normal(shape: [shape.classes, shape.width], deviation: shape.deviation))
  }

  /// The whole, its half, the half of that …, while they are whole numbers of at least the shortest.
  public var lengths: [Int] { Self.lengths(of: shape.width, shortest: shape.shortest) }

  /// The lengths of a vector, ascending.
  public static func lengths(of width: Int, shortest: Int) -> [Int] {
    var lengths = [width]
    while let last = lengths.last, last % 2 == 0, last / 2 >= max(shortest, 1) {
      lengths.append(last / 2)
    }
    return lengths.reversed()
  }

  /// One matrix for each length.
  public func scores(
    of vectors: Variable, classes: [Int]?, asCosines: Bool, in context: ForwardContext
  ) -> [Variable] {
    var directions = context.variable(weight)
    if let classes { directions = directions.gathered(classes) }
    return lengths.map { length in
      guard length < shape.width else {
        return LinearHead.compared(vectors, directions, asCosines: asCosines)
      }
      return LinearHead.compared(
        vectors.slice(0..<length, axis: 1), directions.slice(0..<length, axis: 1),
        asCosines: asCosines)
    }
  }

  /// The directions become the weights.
  public func start(from directions: Tensor) {
    precondition(
      directions.shape == weight.value.shape,
      "NestedHead: directions \(directions.shape) for weights \(weight.value.shape)")
    weight.value = directions
  }
}
