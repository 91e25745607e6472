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
  private let classes: Parameter?
  /// Running mean and deviation of the lengths of feature vectors, for the adaptive margin.
  let lengths: Buffer

  /// Makes an untrained head; the persons' vectors start at N(0, 0.01²) as in the published code.
  public init(_ shape: Shape, random: RandomStream) {
    var random = random
    self.shape = shape
    projection =
      shape.embedding > 0
      ? Linear(
        shape.width, shape.embedding, hasBias: false,
        deviation: 1 / Float(shape.width).squareRoot(), random: &random) : nil
    neck = shape.embedding > 0 ? BatchNormalization(shape.embedding) : nil
    classes =
      shape.classes > 0
      ? Parameter(random.normal(shape: [shape.classes, shape.length], deviation: 0.01)) : nil
    lengths = Buffer(Tensor([20, 100], shape: [2]))
  }

  /// The compared vectors, of any length.
  ///
  /// **Shape**: `[batch, width]` → `[batch, embedding]`.
  public func embedded(_ features: Variable, in context: ForwardContext) -> Variable {
    guard let projection, let neck else { return features }
    return neck(projection(features, in: context), in: context)
  }

  /// Cosines with the vectors of all persons, or of some.
  ///
  /// **Shape**: `[batch, embedding]` → `[batch, classes]`.
  public func cosines(
    _ embedded: Variable, classes chosen: [Int]? = nil, in context: ForwardContext
  ) -> Variable {
    guard let classes else { preconditionFailure("FaceHead: the head has no classes") }
    var vectors = context.variable(classes)
    if let chosen { vectors = vectors.gathered(chosen) }
    return embedded.l2Normalized().multiplied(by: vectors.l2Normalized(), transposingOther: true)
  }

  /// Sets the vectors of all persons.
  ///
  /// **Shape**: `[classes, embedding]`.
  public func setClasses(_ vectors: Tensor) {
    guard let classes else { preconditionFailure("FaceHead: the head has no classes") }
    precondition(
      vectors.shape == classes.value.shape,
      "FaceHead: vectors \(vectors.shape) for classes \(classes.value.shape)")
    classes.value = vectors
  }
}
