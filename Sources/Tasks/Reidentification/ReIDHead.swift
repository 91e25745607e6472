public import Gradients
public import Layers
public import Tensors

/// What re-identification adds on a network: pooling, the batch-normalised neck, the classifier.
///
/// `f = pool(network)`, `g = BN(f)` with a shift frozen at 0, scores `g Wᵀ` without bias. Triplets
/// compare `f`, the classifier sees `g`.
/// **Source**: H. Luo et al., "Bag of Tricks and A Strong Baseline for Deep Person
/// Re-identification", 2019, arXiv 1903.07071.
public final class ReIDHead: Module {
  /// What decides the shape of the head and how it is used.
  public struct Shape: Codable, Sendable, Hashable {
    /// Length of the pooled features.
    public var width: Int
    /// Persons the classifier knows; 0 for none.
    public var classes: Int
    /// Whether the generalised mean pools the feature map.
    public var poolsGeneralized: Bool
    /// Whether the classifier compares directions instead of taking linear scores.
    public var comparesDirections: Bool
    /// Whether persons have learned centres.
    public var hasCentres: Bool
    /// Whether the vector after the neck is compared when searching, else the one before it.
    public var searchesAfterNeck: Bool

    /// Makes a shape.
    public init(
      width: Int, classes: Int, poolsGeneralized: Bool = false, comparesDirections: Bool = false,
      hasCentres: Bool = false, searchesAfterNeck: Bool = true
    ) {
      self.width = width
      self.classes = classes
      self.poolsGeneralized = poolsGeneralized
      self.comparesDirections = comparesDirections
      self.hasCentres = hasCentres
      self.searchesAfterNeck = searchesAfterNeck
    }
  }

  /// The shape.
  public let shape: Shape
  private let neck: BatchNormalization
  private let classifier: Linear?
  private let centres: Parameter?
  @Key("pooling.p") private var exponent: Parameter?

  /// Makes an untrained head; the classifier starts at N(0, 0.001²) as in the baseline's code.
  public init(_ shape: Shape, random: RandomStream) {
    var random = random
    self.shape = shape
    neck = BatchNormalization(shape.width)
    // Without a shift the neck's outputs lie around the origin, where cosines tell them apart.
    neck.bias.isTrainable = false
    classifier =
      shape.classes > 0
      ? Linear(shape.width, shape.classes, hasBias: false, deviation: 0.001, random: &random) : nil
    centres =
      shape.hasCentres
      ? Parameter(random.normal(shape: [shape.classes, shape.width], deviation: 1)) : nil
    exponent = shape.poolsGeneralized ? Parameter(Tensor([3], shape: [1])) : nil
  }

  /// Pools a feature map by the generalised mean `(mean max(x, 1e-6)^p)^(1/p)` with a learned p.
  ///
  /// **Shape**: `[batch, height, width, channels]` → `[batch, channels]`.
  /// **Source**: F. Radenović, G. Tolias, O. Chum, 2018, arXiv 1711.02512.
  public func pooled(_ map: Variable, in context: ForwardContext) -> Variable {
    guard let exponent else {
      return map.meanOverPositions()
    }
    let floor = Variable(Tensor(repeating: 1e-6, shape: map.shape))
    let positive = (map - floor).rectified() + floor
    let p = context.variable(exponent)
    let channels = map.shape[3]
    let powers = p.repeated(channels).reshaped([channels])
    let mean = positive.logarithm().multipliedByRow(powers).exponential().meanOverPositions()
    // 1/p as exp(−log p); p stays above 0 because it starts at 3 and moves slowly.
    let inverse = (p.logarithm() * -1).exponential().repeated(channels).reshaped([channels])
    return mean.logarithm().multipliedByRow(inverse).exponential()
  }

  /// Features after the neck.
  ///
  /// **Shape**: `[batch, width]` → the same.
  public func normalized(_ features: Variable, in context: ForwardContext) -> Variable {
    neck(features, in: context)
  }

  /// Class scores, or cosines where the head compares directions.
  ///
  /// **Shape**: `[batch, width]`, after the neck → `[batch, classes]`.
  public func scores(_ normalized: Variable, in context: ForwardContext) -> Variable {
    guard let classifier else { preconditionFailure("ReIDHead: the head has no classifier") }
    guard shape.comparesDirections else { return classifier(normalized, in: context) }
    return normalized.l2Normalized().multiplied(
      by: context.variable(classifier.weight).l2Normalized(), transposingOther: true)
  }

  /// The centres of all persons, `[classes, width]`.
  public func centres(in context: ForwardContext) -> Variable {
    guard let centres else { preconditionFailure("ReIDHead: the head has no centres") }
    return context.variable(centres)
  }
}
