public import Gradients
public import Layers
public import Tensors

/// What face recognition adds on a network: a projection with batch normalisation, and one direction for
/// each person.
///
/// `e = BN(W f)`, compared by cosine; where the shape has no embedding, `e = f`. A person's score is the
/// cosine of `e` with the person's vector.
/// **Source**: the heads of J. Deng et al., "ArcFace", 2019, arXiv 1801.07698, and its code.
public final class FaceHead: Module {
  /// What decides the shape of the head.
  public struct Shape: Codable, Sendable, Hashable {
    /// Length of the network's features.
    public var width: Int
    /// Length of the compared vector; 0 compares the features themselves.
    public var embedding: Int
    /// Persons that were learned; 0 for none.
    public var classes: Int
    /// Rows and columns of prepared pictures, before they are brought to the network's size.
    public var pictureSize: Int
    /// Name of the head over persons; nil is `linear`.
    public var head: String?
    /// Shortest length of a nested head; nil for others.
    public var shortest: Int?
    /// Dimensions of a person in a subspace head; nil for others.
    public var dimension: Int?

    /// Makes a shape.
    public init(width: Int, embedding: Int, classes: Int, pictureSize: Int) {
      self.width = width
      self.embedding = embedding
      self.classes = classes
      self.pictureSize = pictureSize
    }

    /// Length of the compared vector.
    public var length: Int { embedding > 0 ? embedding : width }
  }

  /// The shape.
  public let shape: Shape
  private let projection: Linear?
  private let neck: BatchNormalization?
  private let classifier: (any IdentityHead)?
  /// Running mean and deviation of the lengths of feature vectors, for the adaptive margin.
  let lengths: Buffer

  /// Makes an untrained head; the persons' vectors start at N(0, 0.01²) as in the published code.
  ///
  /// - Parameter rate: peak rate of a head that moves by a rule of its own.
  /// - Throws: ``TaskError/unsuitableSettings(reason:)`` for a head that does not exist or fit.
  public init(_ shape: Shape, rate: Float = 0.1, random: RandomStream) throws(TaskError) {
    var random = random
    self.shape = shape
    projection =
      shape.embedding > 0
      ? Linear(
        shape.width, shape.embedding, hasBias: false,
        deviation: 1 / Float(shape.width).squareRoot(), random: &random) : nil
    neck = shape.embedding > 0 ? BatchNormalization(shape.embedding) : nil
    classifier =
      shape.classes > 0
      ? try IdentityHeadCatalog.head(
        named: shape.head ?? LinearHead.name,
        IdentityHeadShape(
          width: shape.length, classes: shape.classes, deviation: 0.01,
          shortest: shape.shortest ?? 8, dimension: shape.dimension ?? 8, rate: rate),
        random: random.split("classes")) : nil
    lengths = Buffer(Tensor([20, 100], shape: [2]))
  }

  /// The compared vectors, of any length.
  ///
  /// **Shape**: `[batch, width]` → `[batch, embedding]`.
  public func embedded(_ features: Variable, in context: ForwardContext) -> Variable {
    guard let projection, let neck else { return features }
    return neck(projection(features, in: context), in: context)
  }

  /// Cosines with all persons, or with some; several where several lengths of the vector are compared,
  /// the whole one last.
  ///
  /// **Shape**: `[batch, embedding]` → `[batch, classes]`.
  public func cosines(
    _ embedded: Variable, classes chosen: [Int]? = nil, in context: ForwardContext
  ) -> [Variable] {
    guard let classifier else { preconditionFailure("FaceHead: the head has no classes") }
    return classifier.scores(of: embedded, classes: chosen, asCosines: true, in: context)
  }

  /// Lengths at which vectors are compared, ascending, the whole one last.
  public var comparedLengths: [Int] { classifier?.lengths ?? [shape.length] }

  /// What is not moved by the trainer's optimizer.
  public var ownParameters: [Parameter] { classifier?.ownParameters ?? [] }

  /// Moves it by its own rule; `share` is the schedule, 0…1.
  public func moveOwnParameters(share: Float) { classifier?.moveOwnParameters(share: share) }

  /// Sets where the persons start: a direction for each.
  ///
  /// **Shape**: `[classes, embedding]`.
  public func setClasses(_ vectors: Tensor) {
    guard let classifier else { preconditionFailure("FaceHead: the head has no classes") }
    classifier.start(from: vectors)
  }
}
