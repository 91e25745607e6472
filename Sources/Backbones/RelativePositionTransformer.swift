public import Gradients
public import Layers
public import Tensors

/// The BEiT-shaped vision transformer of the SimMIM release: one relative position table shared by all
/// blocks, layer scale, no absolute positions, query and value biases only.
///
/// Names follow the release, so that its files and timm's `beit` map without renaming.
/// **Source**: Z. Xie et al., "SimMIM: A Simple Framework for Masked Image Modeling", 2022,
/// arXiv 2111.09886; H. Bao et al., "BEiT", 2022, arXiv 2106.08254.
public final class RelativePositionTransformer: MaskableBackbone {
  /// The shape of the network; ``VisionTransformer/Configuration/pooling`` is always the mean.
  public let configuration: VisionTransformer.Configuration
  @Key("cls_token") private var classToken: Parameter
  @Key("patch_embed") private var embedding: PatchEmbedding
  @Key("rel_pos_bias") private var relativePositions: RelativePositionTable
  private let blocks: [RelativePositionBlock]
  private let norm: LayerNormalization

  /// The release cuts its normal starts at one standard deviation.
  static let startLimit: Float = 0.02

  /// Makes a network with the release's pretraining start: weights and class token ~ N(0, 0.02²) cut
  /// at ± 0.02, biases and position table 0, and the maps that end the two branches of block i,
  /// counted from 1, divided by √(2i).
  public init(_ configuration: VisionTransformer.Configuration, random: RandomStream) {
    self.configuration = configuration
    blocks = (0..<configuration.depth).map { index in
      var random = random.split("block").split(index)
      return RelativePositionBlock(
        width: configuration.width, heads: configuration.heads, mlpRatio: configuration.mlpRatio,
        layerScale: 0.1, index: index,
        dropPath: configuration.depth > 1
          ? configuration.dropPath * Float(index) / Float(configuration.depth - 1) : 0,
        random: &random)
    }
    norm = LayerNormalization(configuration.width)
    var random = random.split("embedding")
    classToken = Parameter(
      random.normal(shape: [1, 1, configuration.width], deviation: 0.02, limit: Self.startLimit),
      decays: false)
    embedding = PatchEmbedding(
      patch: configuration.patch, width: configuration.width,
      initialization: .normal(deviation: 0.02, limit: Self.startLimit), random: &random)
    relativePositions = RelativePositionTable(
      grid: configuration.grid, heads: configuration.heads)
  }

  /// Channels of a token.
  public var featureWidth: Int { configuration.width }
  /// Picture size in pixels.
  public var inputExtent: Extent { configuration.image }
  /// The table is tied to one grid.
  public var acceptsAnyExtent: Bool { false }
  /// Masks act on patches.
  public var maskStride: Int { configuration.patch }
  /// Channels of a token.
  public var maskChannels: Int { configuration.width }
  /// One cell per patch.
  public var mapStride: Int { configuration.patch }
  /// Multiply-accumulates, attention products included.
  public var multiplyAccumulates: Int {
    let (d, tokens) = (
      configuration.width, 1 + configuration.grid.height * configuration.grid.width
    )
    return configuration.depth
      * (tokens * (4 + 2 * configuration.mlpRatio) * d * d + 2 * tokens * tokens * d)
      + (tokens - 1) * 3 * configuration.patch * configuration.patch * d
  }

  private func tokens(
    of images: Variable, mask: [Bool]?, token: Variable?, in context: ForwardContext
  ) -> Variable {
    var x = embedding(images, in: context)
    if let mask, let token { x = x.maskingTokens(mask, with: token) }
    let classes = context.variable(classToken).reshaped([1, featureWidth])
      .repeated(images.shape[0])
    x = Variable.concatenated([classes, x], axis: 1)
    let bias = relativePositions(in: context)
    for block in blocks { x = block(x, bias: bias, in: context) }
    return norm(x, in: context)
  }

  /// Mean of the patch tokens.
  public func features(of images: Variable, in context: ForwardContext) -> Variable {
    let all = tokens(of: images, mask: nil, token: nil, in: context)
    return all.slice(1..<all.shape[1], axis: 1).meanOverPositions()
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

/// A table of score offsets by relative position, with three extra rows for the class token.
///
/// **Shape**: table `[(2·rows−1)(2·columns−1) + 3, heads]` → bias `[1, heads, 1+patches, 1+patches]`.
final class RelativePositionTable: Module {
  @Key("relative_position_bias_table") private var table: Parameter
  private let indices: [Int]
  private let tokens: Int
  private let heads: Int

  init(grid: Extent, heads: Int) {
    let (rows, columns) = (grid.height, grid.width)
    let count = (2 * rows - 1) * (2 * columns - 1) + 3
    let tokens = 1 + rows * columns
    var indices = [Int](repeating: 0, count: tokens * tokens)
    for a in 0..<(rows * columns) {
      for b in 0..<(rows * columns) {
        let dy = a / columns - b / columns + rows - 1
        let dx = a % columns - b % columns + columns - 1
        indices[(a + 1) * tokens + b + 1] = dy * (2 * columns - 1) + dx
      }
    }
    for other in 1..<tokens {
      indices[other] = count - 3
      indices[other * tokens] = count - 2
    }
    indices[0] = count - 1
    self.indices = indices
    self.tokens = tokens
    self.heads = heads
    table = Parameter(Tensor(zeros: [count, heads]), decays: false)
  }

  func callAsFunction(in context: ForwardContext) -> Variable {
    context.variable(table).gathered(indices)
      .reshaped([1, tokens, tokens, heads])
      .permuted([0, 3, 1, 2])
  }
}

/// Attention with separate query and value biases and an additive position bias.
final class BiasedSelfAttention: Module {
  private let qkv: Linear
  @Key("q_bias") private var queryBias: Parameter
  @Key("v_bias") private var valueBias: Parameter
  private let proj: Linear
  private let heads: Int
  private let width: Int

  init(width: Int, heads: Int, limit: Float, outputDivisor: Float, random: inout RandomStream) {
    qkv = Linear(
      width, 3 * width, hasBias: false, limit: limit, parts: ["q", "k", "v"], random: &random)
    proj = Linear(width, width, limit: limit, random: &random)
    self.heads = heads
    self.width = width
    queryBias = Parameter(Tensor(zeros: [width]))
    valueBias = Parameter(Tensor(zeros: [width]))
    proj.weight.value = proj.weight.value.scaled(by: 1 / outputDivisor)
  }

  func callAsFunction(_ input: Variable, bias: Variable, in context: ForwardContext) -> Variable {
    // The key bias is fixed at zero: it would shift every score of a row alike.
    let qkvBias = Variable.concatenated(
      [context.variable(queryBias), Variable(Tensor(zeros: [width])), context.variable(valueBias)],
      axis: 0)
    let mixed = qkv(input, bias: qkvBias, in: context)
      .attention(heads: heads, scale: 1 / Float(width / heads).squareRoot(), bias: bias)
    return proj(mixed, in: context)
  }
}

/// A block with layer scale on both branches.
final class RelativePositionBlock: Module {
  @Key("gamma_1") private var attentionScale: Parameter
  @Key("gamma_2") private var perceptronScale: Parameter
  private let norm1: LayerNormalization
  private let attn: BiasedSelfAttention
  private let norm2: LayerNormalization
  private let mlp: Perceptron
  private let dropPath: Float

  init(
    width: Int, heads: Int, mlpRatio: Int, layerScale: Float, index: Int, dropPath: Float,
    random: inout RandomStream
  ) {
    let limit = RelativePositionTransformer.startLimit
    let divisor = Float(2 * (index + 1)).squareRoot()
    norm1 = LayerNormalization(width)
    attn = BiasedSelfAttention(
      width: width, heads: heads, limit: limit, outputDivisor: divisor, random: &random)
    norm2 = LayerNormalization(width)
    mlp = Perceptron(
      width: width, hidden: mlpRatio * width, limit: limit, outputDivisor: divisor,
      random: &random)
    self.dropPath = dropPath
    attentionScale = Parameter(Tensor(repeating: layerScale, shape: [width]))
    perceptronScale = Parameter(Tensor(repeating: layerScale, shape: [width]))
  }

  func callAsFunction(_ input: Variable, bias: Variable, in context: ForwardContext) -> Variable {
    let attended = attn(norm1(input, in: context), bias: bias, in: context)
      .multipliedByRow(context.variable(attentionScale))
    let x = input + droppingPath(attended, dropPath, in: context)
    let mixed = mlp(norm2(x, in: context), in: context)
      .multipliedByRow(context.variable(perceptronScale))
    return x + droppingPath(mixed, dropPath, in: context)
  }
}
