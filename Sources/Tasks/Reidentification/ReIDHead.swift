public import Backbones
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
    /// Numbers of the cameras that have a learned vector, ascending; nil for none.
    public var cameras: [Int]?
    /// Weight of those vectors.
    public var cameraWeight: Float?
    /// Shuffled parts of the patches with vectors of their own; nil for none.
    public var parts: Int?
    /// Name of the head over persons; nil is `linear`.
    public var head: String?
    /// Shortest length of a nested head; nil for others.
    public var shortest: Int?
    /// Dimensions of a person in a subspace head; nil for others.
    public var dimension: Int?

    /// Length of the vectors that are compared when searching.
    public var searchWidth: Int { width * (1 + (parts ?? 0)) }

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
  @Key("jigsaw") private(set) var parts: JigsawParts?
  private let neck: BatchNormalization
  private let classifier: (any IdentityHead)?
  private let centres: Parameter?
  @Key("sie_embed") private var cameraVectors: Parameter?
  @Key("pooling.p") private var exponent: Parameter?

  /// Makes an untrained head; the classifier starts at N(0, 0.001²) as in the baseline's code.
  ///
  /// - Parameters:
  ///   - shape: what decides its size.
  ///   - rate: peak rate of a head that moves by a rule of its own.
  ///   - tail: the copy of the network's last block that a shape with parts needs.
  ///   - random: where weights start.
  /// - Throws: ``TaskError/unsuitableSettings(reason:)`` for a head that does not exist or fit.
  public init(
    _ shape: Shape, rate: Float = 0.1, tail: TransformerTail? = nil, random: RandomStream
  ) throws(TaskError) {
    var random = random
    self.shape = shape
    neck = BatchNormalization(shape.width)
    // Without a shift the neck's outputs lie around the origin, where cosines tell them apart.
    neck.bias.isTrainable = false
    classifier =
      shape.classes > 0
      ? try IdentityHeadCatalog.head(
        named: shape.head ?? LinearHead.name,
        IdentityHeadShape(
          width: shape.width, classes: shape.classes, deviation: 0.001,
          shortest: shape.shortest ?? 8, dimension: shape.dimension ?? 8, rate: rate),
        random: random.split("classifier")) : nil
    centres =
      shape.hasCentres
      ? Parameter(random.normal(shape: [shape.classes, shape.width], deviation: 1)) : nil
    parts = shape.parts.flatMap { count in
      tail.map {
        JigsawParts(
          count, tail: $0, width: shape.width, classes: shape.classes,
          random: random.split("parts"))
      }
    }
    var cameraRandom = random.split("cameras")
    cameraVectors = shape.cameras.map {
      Parameter(
        cameraRandom.normal(shape: [$0.count, shape.width], deviation: 0.02), decays: false)
    }
    exponent = shape.poolsGeneralized ? Parameter(Tensor([3], shape: [1])) : nil
  }

  /// What is added to every token of each picture; nil without vectors of cameras.
  ///
  /// A camera that is not known or was not trained on gets the mean of all vectors.
  /// **Shape**: one camera a picture → `[batch, width]`.
  /// **Source**: S. He et al., "TransReID: Transformer-based Object Re-Identification", 2021,
  /// arXiv 2102.04378, its side information embedding.
  public func tokenOffset(cameras: [Int?], in context: ForwardContext) -> Variable? {
    guard let cameraVectors, let known = shape.cameras else { return nil }
    let table = context.variable(cameraVectors)
    let mean = table.reshaped([1, known.count, shape.width]).meanOverPositions()
    let places = cameras.map { camera in
      camera.flatMap { known.firstIndex(of: $0) } ?? known.count
    }
    return Variable.concatenated([table, mean], axis: 0).gathered(places)
      * (shape.cameraWeight ?? 1)
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

  /// Class scores, or cosines where the head compares directions; several where several lengths of the
  /// vector are scored, the whole one last.
  ///
  /// **Shape**: `[batch, width]`, after the neck → `[batch, classes]`.
  public func scores(_ normalized: Variable, in context: ForwardContext) -> [Variable] {
    guard let classifier else { preconditionFailure("ReIDHead: the head has no classifier") }
    return classifier.scores(
      of: normalized, classes: nil, asCosines: shape.comparesDirections, in: context)
  }

  /// Lengths at which vectors are compared, ascending, the whole one last.
  public var comparedLengths: [Int] { classifier?.lengths ?? [shape.width] }

  /// What is not moved by the trainer's optimizer.
  public var ownParameters: [Parameter] {
    (classifier?.ownParameters ?? []) + (centres.map { [$0] } ?? [])
  }

  /// Moves the classes by their own rule, and the centres by plain gradient descent.
  ///
  /// - Parameters:
  ///   - share: the schedule, 0…1, which the centres do not follow.
  ///   - centreRate: their rate.
  ///   - centreWeight: weight of their loss, which is taken off their gradient again.
  public func moveOwnParameters(share: Float, centreRate: Float, centreWeight: Float) {
    classifier?.moveOwnParameters(share: share)
    guard let centres, let gradient = centres.gradient else { return }
    centres.gradient = nil
    guard centreWeight > 0 else { return }
    centres.value.add(gradient, scaledBy: -centreRate / centreWeight)
  }

  /// The centres of all persons, `[classes, width]`.
  public func centres(in context: ForwardContext) -> Variable {
    guard let centres else { preconditionFailure("ReIDHead: the head has no centres") }
    return context.variable(centres)
  }
}
