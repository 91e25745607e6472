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
  public init(backbone: any Backbone, shape: ReIDHead.Shape, random: RandomStream) {
    self.backbone = backbone
    head = ReIDHead(shape, random: random.split("head"))
  }

  /// Features before the neck.
  ///
  /// **Shape**: `[batch, height, width, 3]` → `[batch, width]`.
  public func features(of images: Variable, in context: ForwardContext) -> Variable {
    guard head.shape.poolsGeneralized, let backbone = backbone as? any MaskableBackbone else {
      return backbone.features(of: images, in: context)
    }
    let batch = images.shape[0]
    let cells =
      (images.shape[1] / backbone.maskStride) * (images.shape[2] / backbone.maskStride)
    // A mask that hides nothing gives the plain feature map.
    let map = backbone.maskedFeatureMap(
      of: images, mask: [Bool](repeating: false, count: batch * cells),
      token: Variable(Tensor(zeros: [1, 1, backbone.maskChannels])), in: context)
    return head.pooled(map, in: context)
  }

  /// The vectors that are compared when searching.
  ///
  /// **Shape**: `[batch, height, width, 3]` → `[batch, width]`, of any length.
  public func searchFeatures(of images: Tensor) -> Tensor {
    let context = ForwardContext.inference()
    let features = features(of: Variable(images), in: context)
    return (head.shape.searchesAfterNeck ? head.normalized(features, in: context) : features).value
  }
}
