public import Backbones
public import Gradients
public import Layers
public import Tensors

/// The parts of pretraining that are not kept in the backbone's own file.
public final class PretrainingHeads: Module {
  /// Stands in for masked embeddings, `[1, 1, maskChannels]`.
  @Key("mask_token") fileprivate var maskToken: Parameter
  /// Feature map to pixels, `[3 · stride², featureWidth, 1, 1]`: a 1×1 convolution, as the release
  /// stores it.
  @Key("decoder.0") fileprivate var decoder: Linear
  /// Pooled features to the embedding that pairs share.
  public let embedding: EmbeddingHead

  init(
    backbone: any MaskableBackbone, embedding width: Int, normalizing: Bool, random: RandomStream
  ) {
    var random = random
    embedding = EmbeddingHead(
      backbone.featureWidth, width, normalizing: normalizing, random: &random)
    maskToken = Parameter(
      random.normal(
        shape: [1, 1, backbone.maskChannels], deviation: 0.02,
        limit: backbone.maskTokenRules.limit),
      decays: false)
    decoder = Linear(
      uniform: backbone.featureWidth, 3 * backbone.mapStride * backbone.mapStride, random: &random)
    decoder.weight.value = decoder.weight.value.reshaped(decoder.weight.value.shape + [1, 1])
  }
}

/// A backbone with the two heads that pretraining needs: one that reconstructs pixels, one that embeds.
public final class PretrainingModel: Module {
  /// The network that is kept after pretraining.
  public let backbone: any MaskableBackbone
  /// What pretraining adds to it.
  public let heads: PretrainingHeads

  /// Puts untrained heads of embedding length `embedding` on a backbone.
  ///
  /// `normalizingEmbedding` puts batch normalisation after the linear map of the embedding.
  public init(
    backbone: any MaskableBackbone, embedding: Int, normalizingEmbedding: Bool = false,
    random: RandomStream
  ) {
    self.backbone = backbone
    heads = PretrainingHeads(
      backbone: backbone, embedding: embedding, normalizing: normalizingEmbedding,
      random: random.split("heads"))
  }

  /// Length of an embedding.
  public var embeddingWidth: Int { heads.embedding.width }

  /// Unit embeddings for matching and contrast.
  ///
  /// **Shape**: `[batch, height, width, 3]` → `[batch, embeddingWidth]`, rows of length 1.
  public func embeddings(of images: Variable, in context: ForwardContext) -> Variable {
    embeddings(ofFeatures: backbone.features(of: images, in: context), in: context)
  }

  /// Unit embeddings of pooled features.
  ///
  /// **Shape**: `[batch, featureWidth]` → `[batch, embeddingWidth]`, rows of length 1.
  public func embeddings(ofFeatures features: Variable, in context: ForwardContext) -> Variable {
    heads.embedding(features, in: context).l2Normalized()
  }

  /// The reconstruction of pictures of which only the unmasked part was seen.
  ///
  /// A 1×1 convolution to `3 · stride²` channels and a pixel shuffle, as in SimMIM's release.
  /// **Shape**: `[batch, height, width, 3]` with one mark per cell of the backbone's mask grid → the
  /// same shape.
  public func reconstruction(
    of images: Variable, mask: [Bool], in context: ForwardContext
  ) -> Variable {
    let map = backbone.maskedFeatureMap(
      of: images, mask: mask, token: context.variable(heads.maskToken), in: context)
    return heads.decoder(map, in: context).pixelShuffled(backbone.mapStride)
  }
}
