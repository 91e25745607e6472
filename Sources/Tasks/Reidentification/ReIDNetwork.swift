public import Backbones
public import Gradients
public import Layers
public import Tensors

/// A network with the head of re-identification.
public final class ReIDNetwork: Module {
  /// The network that was there before.
  public let backbone: any Backbone
  /// What the task adds.
  public let head: ReIDHead

  /// Puts an untrained head on a network.
  ///
  /// - Parameter rate: peak rate of a head that moves by a rule of its own.
  /// - Throws: ``TaskError/unsuitableSettings(reason:)`` for a head that does not exist or fit.
  public init(
    backbone: any Backbone, shape: ReIDHead.Shape, rate: Float = 0.1, random: RandomStream
  ) throws(TaskError) {
    self.backbone = backbone
    var tail: TransformerTail?
    if shape.parts != nil {
      guard let network = backbone as? VisionTransformer, network.hasTail else {
        throw .unsuitableSettings(
          reason:
            "reid.jigsawParts cuts up the patches of a vision transformer with a class token and "
            + "absolute positions, which this network is not; leave it out.")
      }
      tail = network.makeTail()
    }
    head = try ReIDHead(shape, rate: rate, tail: tail, random: random.split("head"))
  }

  /// Features before the neck: of the whole picture, then of its parts.
  ///
  /// - Parameters:
  ///   - images: `[batch, height, width, 3]`.
  ///   - cameras: the camera of each picture, for heads with vectors of cameras; nil where none is known.
  ///   - context: the pass.
  /// - Returns: `[batch, width]` each.
  public func features(
    of images: Variable, cameras: [Int?]? = nil, in context: ForwardContext
  ) -> [Variable] {
    context.tokenOffset = head.tokenOffset(
      cameras: cameras ?? [Int?](repeating: nil, count: images.shape[0]), in: context)
    defer { context.tokenOffset = nil }
    guard head.shape.poolsGeneralized, let backbone = backbone as? any MaskableBackbone else {
      guard let parts = head.parts, let network = backbone as? VisionTransformer else {
        return [backbone.features(of: images, in: context)]
      }
      let tokens = network.tokensBeforeTail(of: images, in: context)
      return [network.features(ofTokens: tokens, in: context)]
        + parts.features(ofTokens: tokens, prefix: network.prefixTokens, in: context)
    }
    let batch = images.shape[0]
    let cells =
      (images.shape[1] / backbone.maskStride) * (images.shape[2] / backbone.maskStride)
    // A mask that hides nothing gives the plain feature map.
    let map = backbone.maskedFeatureMap(
      of: images, mask: [Bool](repeating: false, count: batch * cells),
      token: Variable(Tensor(zeros: [1, 1, backbone.maskChannels])), in: context)
    return [head.pooled(map, in: context)]
  }

  /// The vectors that are compared when searching; those of parts stand behind, divided by their number.
  ///
  /// **Shape**: `[batch, height, width, 3]` → `[batch, searchWidth]`, of any length.
  public func searchFeatures(of images: Tensor, cameras: [Int?]? = nil) -> Tensor {
    let context = ForwardContext.inference()
    let features = features(of: Variable(images), cameras: cameras, in: context)
    let compared =
      head.shape.searchesAfterNeck
      ? [head.normalized(features[0], in: context)]
        + (head.parts?.normalized(Array(features.dropFirst()), in: context) ?? []) : features
    guard compared.count > 1 else { return compared[0].value }
    let share = 1 / Float(compared.count - 1)
    return Variable.concatenated(
      [compared[0]] + compared.dropFirst().map { $0 * share }, axis: 1
    ).value
  }
}
