public import Gradients
public import Layers
public import Tensors

/// What turns the vector of a picture into scores of the persons that are learned; a search needs it no more.
///
/// A new head is a class that conforms and a line in ``IdentityHeadCatalog``; both tasks with persons,
/// re-identification and faces, then know it by its name.
public protocol IdentityHead: Module, SendableMetatype {
  /// Name in recipes and model folders.
  static var name: String { get }
  /// What it is, in a few words.
  static var summary: String { get }
  /// Makes an untrained head.
  init(_ shape: IdentityHeadShape, random: RandomStream)

  /// Scores of all classes, or of some; several matrices where several lengths of the vector are scored,
  /// the whole vector last. The losses of all of them are summed.
  ///
  /// - Parameters:
  ///   - vectors: `[batch, width]`, of any length.
  ///   - classes: the classes to score; nil for all.
  ///   - asCosines: whether scores are cosines between −1 and 1, as margins need them, or scores for a
  ///     softmax.
  ///   - context: the pass.
  /// - Returns: matrices `[batch, classes]`.
  func scores(
    of vectors: Variable, classes: [Int]?, asCosines: Bool, in context: ForwardContext
  ) -> [Variable]

  /// Lengths of the vector at which pictures are compared in training, ascending, the whole one last.
  var lengths: [Int] { get }
  /// Starts from a direction for each class, `[classes, width]`.
  func start(from directions: Tensor)
  /// Parameters that the head moves by a rule of its own, in place of the optimizer.
  var ownParameters: [Parameter] { get }
  /// Moves them by their gradients, which are then forgotten; `share` is the schedule, 0…1.
  func moveOwnParameters(share: Float)
}

extension IdentityHead {
  /// The optimizer moves everything.
  public var ownParameters: [Parameter] { [] }
  /// Nothing to do.
  public func moveOwnParameters(share: Float) {}
}

/// What decides the size and the start of a head over persons.
public struct IdentityHeadShape: Sendable, Hashable {
  /// Length of the vectors.
  public var width: Int
  /// Persons that are learned.
  public var classes: Int
  /// Deviation of the start of linear weights.
  public var deviation: Float
  /// Shortest length of a nested head.
  public var shortest: Int
  /// Dimensions of a class in a subspace head.
  public var dimension: Int
  /// Peak rate of the subspaces.
  public var rate: Float

  /// Makes a shape.
  public init(
    width: Int, classes: Int, deviation: Float, shortest: Int = 8, dimension: Int = 8,
    rate: Float = 0.1
  ) {
    self.width = width
    self.classes = classes
    self.deviation = deviation
    self.shortest = shortest
    self.dimension = dimension
    self.rate = rate
  }
}
