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
  ///   - images: `[batch, height, width, 3]`, or what the network had made of them at `cut`.
  ///   - cut: where the pass begins, at most ``deepestCut``.
  ///   - cameras: the camera of each picture, for heads with vectors of cameras; nil where none is known.
  ///   - context: the pass.
  /// - Returns: `[batch, width]` each.
  public func features(
    of images: Variable, from cut: BackboneCut = .pictures, cameras: [Int?]? = nil,
    in context: ForwardContext
  ) -> [Variable] {
    context.tokenOffset = head.tokenOffset(
      cameras: cameras ?? [Int?](repeating: nil, count: images.shape[0]), in: context)
    defer { context.tokenOffset = nil }
    if head.shape.poolsGeneralized, let network = backbone as? any MaskableBackbone {
      let last = network.running(images, from: cut, to: deepestCut, in: context)
      return [head.pooled(network.featureMap(afterBlocks: last, in: context), in: context)]
    }
    if let parts = head.parts, let network = backbone as? VisionTransformer {
      let tokens = network.running(images, from: cut, to: deepestCut, in: context)
      return [network.features(of: tokens, from: deepestCut, in: context)]
        + parts.features(ofTokens: tokens, prefix: network.prefixTokens, in: context)
    }
    return [backbone.features(of: images, from: cut, in: context)]
  }

  /// The last cut that a pass may begin at: the head looks at everything behind it.
  public var deepestCut: BackboneCut {
    guard let network = backbone as? any SequentialBackbone else { return .features }
    if head.shape.poolsGeneralized { return .blocks(network.blockCount) }
    return head.parts == nil ? .features : .blocks(network.blockCount - 1)
  }

  /// The part of the network below everything that is trained; nil where it cannot be cut.
  ///
  /// - Parameter context: a pass like those of the training, that records nothing.
  func frozenPart(in context: ForwardContext) -> (cut: BackboneCut, shape: [Int])? {
    // Vectors of cameras are trained and act before the first block.
    context.tokenOffset = head.tokenOffset(cameras: [nil], in: context)
    defer { context.tokenOffset = nil }
    return (backbone as? any SequentialBackbone)?.frozenPart(upTo: deepestCut, in: context)
  }

  /// The vectors that are compared when searching; those of parts stand behind, divided by their number.
  ///
  /// **Shape**: `[batch, height, width, 3]`, or what stands at `cut`, → `[batch, searchWidth]`, of any
  /// length.
  public func searchFeatures(
    of images: Tensor, from cut: BackboneCut = .pictures, cameras: [Int?]? = nil
  ) -> Tensor {
    let context = ForwardContext.inference()
    let features = features(of: Variable(images), from: cut, cameras: cameras, in: context)
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
