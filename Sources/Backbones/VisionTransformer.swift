public import Gradients
public import Layers
public import Tensors

/// A plain vision transformer with absolute positions, equal to timm's in names and numbers.
///
/// Pre-norm blocks, exact GELU, LayerNorm ε 1e-6, fused query-key-value.
/// **Source**: A. Dosovitskiy et al., "An Image is Worth 16x16 Words", 2021, arXiv 2010.11929.
public final class VisionTransformer: MaskableBackbone {
  /// What decides the shape of the network.
  public struct Configuration: Sendable, Hashable {
    /// Picture size in pixels; both sides divide by ``patch``.
    public var image: Extent
    /// Side of a patch in pixels.
    public var patch: Int
    /// Channels of a token.
    public var width: Int
    /// Number of blocks.
    public var depth: Int
    /// Attention heads.
    public var heads: Int
    /// Hidden width of the MLP over ``width``.
    public var mlpRatio: Int
    /// Outputs of the classifier; 0 for none.
    public var classes: Int
    /// Which tokens make the feature vector.
    public var pooling: Pooling
    /// Largest drop-path rate, reached at the last block, 0 ..< 1.
    public var dropPath: Float

    /// Which tokens make the feature vector.
    public enum Pooling: String, Sendable, Codable {
      /// The class token.
      case token
      /// The mean of the patch tokens.
      case mean
    }

    /// Makes a configuration.
    public init(
      image: Extent, patch: Int = 16, width: Int, depth: Int = 12, heads: Int, mlpRatio: Int = 4,
      classes: Int = 0, pooling: Pooling = .mean, dropPath: Float = 0
    ) {
      self.image = image
      self.patch = patch
      self.width = width
      self.depth = depth
      self.heads = heads
      self.mlpRatio = mlpRatio
      self.classes = classes
      self.pooling = pooling
      self.dropPath = dropPath
    }

    var grid: Extent { Extent(height: image.height / patch, width: image.width / patch) }
  }

  /// The shape of the network.
  public let configuration: Configuration
  @Key("cls_token") private var classToken: Parameter
  @Key("pos_embed") private var positions: Parameter
  @Key("patch_embed") private var embedding: PatchEmbedding
  private let blocks: [TransformerBlock]
  private let norm: LayerNormalization
  private let head: Linear?

  /// Makes a network with timm's default start.
  public init(_ configuration: Configuration, random: RandomStream) {
    let width = configuration.width
    let grid = configuration.grid
    precondition(
      configuration.image.height % configuration.patch == 0
        && configuration.image.width % configuration.patch == 0,
      "VisionTransformer: \(configuration.image) does not divide into \(configuration.patch) pixels"
    )
    self.configuration = configuration
    blocks = (0..<configuration.depth).map { index in
      var random = random.split("block").split(index)
      return TransformerBlock(
        width: width, heads: configuration.heads, mlpRatio: configuration.mlpRatio,
        dropPath: configuration.depth > 1
          ? configuration.dropPath * Float(index) / Float(configuration.depth - 1) : 0,
        random: &random)
    }
    norm = LayerNormalization(width)
    var headRandom = random.split("head")
    head =
      configuration.classes > 0 ? Linear(width, configuration.classes, random: &headRandom) : nil
    var random = random.split("embedding")
    classToken = Parameter(random.normal(shape: [1, 1, width], deviation: 1e-6), decays: false)
    positions = Parameter(
      random.normal(shape: [1, 1 + grid.height * grid.width, width], deviation: 0.02),
      decays: false)
    embedding = PatchEmbedding(patch: configuration.patch, width: width, random: &random)
  }

  /// Channels of a token.
  public var featureWidth: Int { configuration.width }
  /// Picture size in pixels.
  public var inputExtent: Extent { configuration.image }
  /// Positions are tied to one grid.
  public var acceptsAnyExtent: Bool { false }
  /// Masks act on patches.
  public var maskStride: Int { configuration.patch }
  /// Channels of a token.
  public var maskChannels: Int { configuration.width }
  /// One cell per patch.
  public var mapStride: Int { configuration.patch }

  /// Multiply-accumulates of the patch embedding and the linear maps, attention products included.
  public var multiplyAccumulates: Int {
    let (d, tokens) = (
      configuration.width, 1 + configuration.grid.height * configuration.grid.width
    )
    let linear = tokens * (4 + 2 * configuration.mlpRatio) * d * d
    let attention = 2 * tokens * tokens * d
    return configuration.depth * (linear + attention)
      + (tokens - 1) * 3 * configuration.patch * configuration.patch * d
  }

  /// Tokens after the final normalisation, class token first.
  ///
  /// **Shape**: `[batch, height, width, 3]` → `[batch, 1 + patches, width]`.
  public func tokens(
    of images: Variable, mask: [Bool]? = nil, token: Variable? = nil, in context: ForwardContext
  ) -> Variable {
    precondition(
      images.shape.count == 4 && images.shape[1] == configuration.image.height
        && images.shape[2] == configuration.image.width,
      "VisionTransformer: pictures \(images.shape) for a network of \(configuration.image)")
    let batch = images.shape[0]
    var x = embedding(images, in: context)
    if let mask, let token { x = x.maskingTokens(mask, with: token) }
    let classes = context.variable(classToken).reshaped([1, featureWidth]).repeated(batch)
    x = Variable.concatenated([classes, x], axis: 1)
    let line = x.shape[1] * x.shape[2]
    x = x.reshaped([batch, line])
      .addingRow(context.variable(positions).reshaped([line]))
      .reshaped([batch, line / featureWidth, featureWidth])
    for block in blocks { x = block(x, in: context) }
    return norm(x, in: context)
  }

  /// Pooled tokens.
  public func features(of images: Variable, in context: ForwardContext) -> Variable {
    let all = tokens(of: images, in: context)
    switch configuration.pooling {
    case .token: return all.slice(0..<1, axis: 1).reshaped([all.shape[0], featureWidth])
    case .mean: return all.slice(1..<all.shape[1], axis: 1).meanOverPositions()
    }
  }

  /// Classifier outputs; only for a network with classes.
  ///
  /// **Shape**: `[batch, height, width, 3]` → `[batch, classes]`.
  public func logits(of images: Variable, in context: ForwardContext) -> Variable {
    guard let head else { preconditionFailure("VisionTransformer: the network has no classifier") }
    return head(features(of: images, in: context), in: context)
  }

  /// Patch tokens as a map; masked patches start from the token.
  public func maskedFeatureMap(
    of images: Variable, mask: [Bool], token: Variable, in context: ForwardContext
  ) -> Variable {
    let all = tokens(of: images, mask: mask, token: token, in: context)
    let grid = configuration.grid
    return all.slice(1..<all.shape[1], axis: 1)
      .reshaped([all.shape[0], grid.height, grid.width, featureWidth])
  }
}
