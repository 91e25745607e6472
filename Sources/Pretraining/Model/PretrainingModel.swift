public import Backbones
public import Gradients
public import Layers
public import Tensors

/// A backbone with the two heads that pretraining needs: one that reconstructs pixels, one that embeds.
public final class PretrainingModel: Module {
  /// The network that is kept after pretraining.
  public let backbone: any MaskableBackbone
  /// Name of the backbone in the catalog.
  public let backboneName: String
  @Key("mask_token") private var maskToken: Parameter
  @Key("decoder.0") private var decoder: Linear
  @Key("embedding") private var embeddingHead: Linear

  /// Makes an untrained model; every part starts from its own random stream.
  public init(
    backboneName: String, backbone: any MaskableBackbone, embedding: Int, random: RandomStream
  ) {
    self.backboneName = backboneName
    self.backbone = backbone
    var heads = random.split("heads")
    maskToken = Parameter(
      heads.normal(shape: [1, 1, backbone.maskChannels], deviation: 0.02), decays: false)
    decoder = Linear(
      uniform: backbone.featureWidth, 3 * backbone.mapStride * backbone.mapStride, random: &heads)
    embeddingHead = Linear(uniform: backbone.featureWidth, embedding, random: &heads)
  }

  /// Length of an embedding.
  public var embeddingWidth: Int { embeddingHead.weight.value.shape[0] }

  /// Unit embeddings for matching and contrast.
  ///
  /// **Shape**: `[batch, height, width, 3]` → `[batch, embeddingWidth]`, rows of length 1.
  public func embeddings(of images: Variable, in context: ForwardContext) -> Variable {
    embeddingHead(backbone.features(of: images, in: context), in: context).l2Normalized()
  }

  /// The reconstruction of pictures of which only the unmasked part was seen.
  ///
  /// A 1×1 convolution to `3 · stride²` channels and a pixel shuffle, as in SimMIM's release.
  /// **Shape**: `[batch, height, width, 3]` → the same.
  public func reconstruction(
    of images: Variable, mask: [Bool], in context: ForwardContext
  ) -> Variable {
    let map = backbone.maskedFeatureMap(
      of: images, mask: mask, token: context.variable(maskToken), in: context)
    return decoder(map, in: context).pixelShuffled(backbone.mapStride)
  }
}
