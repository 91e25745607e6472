public import Gradients
public import Layers
public import Tensors

/// A vision transformer, equal to timm's in names and numbers: plain with absolute positions, or in
/// BEiT's shape with relative ones, as SimMIM's release has it.
///
/// Pre-norm blocks, exact GELU, LayerNorm ε 1e-6, fused query-key-value.
/// **Source**: A. Dosovitskiy et al., "An Image is Worth 16x16 Words", 2021, arXiv 2010.11929; H. Bao et
/// al., "BEiT", 2022, arXiv 2106.08254; Z. Xie et al., "SimMIM", 2022, arXiv 2111.09886.
public final class VisionTransformer: MaskableBackbone {
  /// The shape of the network.
  public let configuration: Configuration
  @Key("cls_token") private var classToken: Parameter?
  @Key("reg_token") private var registers: Parameter?
  @Key("pos_embed") private var positions: Parameter?
  @Key("patch_embed") private var embedding: PatchEmbedding
  @Key("rel_pos_bias") private var relativePositions: RelativePositionBias?
  let blocks: [TransformerBlock]
  let norm: LayerNormalization?
  @Key("fc_norm") private var pooledNorm: LayerNormalization?
  private let head: Linear?

  /// Makes a network with timm's default start; with relative positions with that of SimMIM's release:
  /// weights and class token ~ N(0, 0.02²) cut at ± 0.02, biases and position table 0, and the maps
  /// that end the two branches of block i, counted from 1, divided by √(2i).
  public init(_ configuration: Configuration, random: RandomStream) {
    let width = configuration.width
    let grid = configuration.grid
    precondition(
      configuration.image.height % configuration.patch == 0
        && configuration.image.width % configuration.patch == 0,
      "VisionTransformer: \(configuration.image) does not divide into \(configuration.patch) pixels"
    )
    precondition(
      configuration.hasClassToken || configuration.pooling == .mean,
      "VisionTransformer: token pooling without a class token")
    self.configuration = configuration
    blocks = (0..<configuration.depth).map { index in
      var random = random.split("block").split(index)
      return TransformerBlock(configuration, index: index, random: &random)
    }
    norm =
      configuration.normalizesAfterPooling
      ? nil : LayerNormalization(width, epsilon: configuration.epsilon)
    var headRandom = random.split("head")
    head =
      configuration.classes > 0 ? Linear(width, configuration.classes, random: &headRandom) : nil
    var random = random.split("embedding")
    let limit = configuration.startLimit
    let isRelative = configuration.positions.isRelative
    classToken =
      configuration.hasClassToken
      ? Parameter(
        random.normal(
          shape: [1, 1, width], deviation: isRelative ? 0.02 : 1e-6, limit: limit), decays: false)
      : nil
    positions =
      configuration.positions == .absolute
      ? Parameter(
        random.normal(
          shape: [
            1,
            grid.height * grid.width
              + (configuration.positionsOfPrefix ? configuration.prefixTokens : 0), width,
          ], deviation: 0.02), decays: false)
      : nil
    embedding = PatchEmbedding(
      patch: configuration.patch, width: width,
      initialization: isRelative ? .normal(deviation: 0.02, limit: limit) : .uniformFanIn,
      random: &random)
    registers =
      configuration.registers > 0
      ? Parameter(
        random.normal(shape: [1, configuration.registers, width], deviation: 1e-6), decays: false)
      : nil
    relativePositions =
      configuration.positions == .relativeShared
      ? RelativePositionBias(
        rows: grid.height, columns: grid.width, heads: configuration.heads,
        hasClassToken: configuration.hasClassToken)
      : nil
    pooledNorm =
      configuration.normalizesAfterPooling
      ? LayerNormalization(width, epsilon: configuration.epsilon) : nil
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
  /// The release cuts the token of vision transformers, and decays it.
  public var maskTokenRules: MaskTokenRules { .visionTransformer }

  private var tokenCount: Int {
    configuration.prefixTokens + configuration.grid.height * configuration.grid.width
  }

  /// Multiply-accumulates of the patch embedding and the linear maps.
  public var multiplyAccumulates: Int {
    let d = configuration.width
    return configuration.depth * tokenCount * (4 + 2 * configuration.mlpRatio) * d * d
      + (tokenCount - configuration.prefixTokens) * 3 * configuration.patch * configuration.patch
      * d + configuration.classes * d
  }

  /// Multiply-accumulates of queries with keys and of scores with values.
  public var attentionMultiplyAccumulates: Int {
    configuration.depth * 2 * tokenCount * tokenCount * configuration.width
  }

  /// Tokens after the final normalisation, if it stands there, class token and registers first.
  ///
  /// **Shape**: `[batch, height, width, 3]` → `[batch, 1 + patches, width]`.
  public func tokens(
    of images: Variable, mask: [Bool]? = nil, token: Variable? = nil, in context: ForwardContext
  ) -> Variable {
    let start = embedded(images, mask: mask, token: token, in: context)
    return normalized(running(0..<blockCount, on: start, in: context), in: context)
  }

  /// Blocks, all of one width.
  public var blockCount: Int { blocks.count }

  /// Runs some of the blocks.
  public func running(
    _ own: Range<Int>, on activation: Variable, in context: ForwardContext
  ) -> Variable {
    guard !own.isEmpty else { return activation }
    let offsets = relativePositions.map { $0(in: context) }
    return blocks[own].reduce(activation) { x, block in
      context.checkpointed([x] + (offsets.map { [$0] } ?? [])) {
        block($0[0], offsets: $0.dropFirst().first, in: $1)
      }
    }
  }

  /// The normalisation that stands before pooling, if any.
  private func normalized(_ tokens: Variable, in context: ForwardContext) -> Variable {
    norm.map { $0(tokens, in: context) } ?? tokens
  }

  /// Tokens before the first block, class token and registers first.
  public func embedded(_ images: Variable, in context: ForwardContext) -> Variable {
    embedded(images, mask: nil, token: nil, in: context)
  }

  private func embedded(
    _ images: Variable, mask: [Bool]?, token: Variable?, in context: ForwardContext
  ) -> Variable {
    precondition(
      images.shape.count == 4 && images.shape[1] == configuration.image.height
        && images.shape[2] == configuration.image.width,
      "VisionTransformer: pictures \(images.shape) for a network of \(configuration.image)")
    var x = embedding(images, in: context)
    if let mask, let token { x = x.maskingTokens(mask, with: token) }
    if !configuration.positionsOfPrefix { x = addingPositions(x, in: context) }
    let prefix = [classToken, registers].compactMap { parameter in
      parameter.map {
        context.variable($0).reshaped([$0.value.shape[1], featureWidth]).repeated(images.shape[0])
      }
    }
    if !prefix.isEmpty { x = Variable.concatenated(prefix + [x], axis: 1) }
    if configuration.positionsOfPrefix { x = addingPositions(x, in: context) }
    if let offset = context.tokenOffset { x = x + Self.repeated(offset, tokens: x.shape[1]) }
    return x
  }

  /// The offset of each picture for all its tokens.
  private static func repeated(_ offset: Variable, tokens: Int) -> Variable {
    let row = offset.reshaped([offset.shape[0], 1, offset.shape[1]])
    return Variable.concatenated([Variable](repeating: row, count: tokens), axis: 1)
  }

  private func addingPositions(_ tokens: Variable, in context: ForwardContext) -> Variable {
    guard let positions else { return tokens }
    let line = tokens.shape[1] * tokens.shape[2]
    return tokens.reshaped([tokens.shape[0], line])
      .addingRow(context.variable(positions).reshaped([line]))
      .reshaped(tokens.shape)
  }

  /// Pooled tokens.
  ///
  /// Where the class token alone is pooled, the last block makes nothing else: without the output map and
  /// the perceptron of the other tokens it takes a quarter of the operations.
  public func features(
    of activation: Variable, afterBlocks count: Int, in context: ForwardContext
  ) -> Variable {
    guard count < blockCount, configuration.pooling == .token, context.tape?.isTracing != true,
      blocks[blockCount - 1].canMakeSomeTokens
    else {
      return pooled(running(count..<blockCount, on: activation, in: context), in: context)
    }
    let before = running(count..<blockCount - 1, on: activation, in: context)
    return pooled(running(last: 1, on: before, in: context), in: context)
  }

  /// The first tokens of what the last block gives.
  private func running(
    last tokens: Int, on activation: Variable, in context: ForwardContext
  ) -> Variable {
    let block = blocks[blockCount - 1]
    let offsets = relativePositions.map { $0(in: context) }
    return context.checkpointed([activation] + (offsets.map { [$0] } ?? [])) {
      block($0[0], offsets: $0.dropFirst().first, firstTokens: tokens, in: $1)
    }
  }

  /// The feature vector of what the last block gives, of all tokens or the first ones.
  private func pooled(_ tokens: Variable, in context: ForwardContext) -> Variable {
    let all = normalized(tokens, in: context)
    let pooled =
      switch configuration.pooling {
      case .token: all.slice(0..<1, axis: 1).reshaped([all.shape[0], featureWidth])
      case .mean:
        all.slice(configuration.prefixTokens..<all.shape[1], axis: 1).meanOverPositions()
      }
    return pooledNorm.map { $0(pooled, in: context) } ?? pooled
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
    patchMap(tokens(of: images, mask: mask, token: token, in: context))
  }

  /// Patch tokens of what the last block gives as a map.
  public func featureMap(afterBlocks activation: Variable, in context: ForwardContext) -> Variable {
    patchMap(normalized(activation, in: context))
  }

  private func patchMap(_ all: Variable) -> Variable {
    let grid = configuration.grid
    return all.slice(configuration.prefixTokens..<all.shape[1], axis: 1)
      .reshaped([all.shape[0], grid.height, grid.width, featureWidth])
  }
}

extension VisionTransformer: ResizableBackbone {
  /// Absolute positions and tables of relative ones.
  public func hasValuePerPlace(_ path: String) -> Bool {
    path == "pos_embed" || path.hasSuffix(RelativePositionBias.tableName)
  }

  /// Absolute positions by antialiased bicubic resampling, relative tables by geometric one.
  public func resized(_ path: String, _ value: Tensor, from source: Extent) -> Tensor? {
    let from = Extent(
      height: source.height / configuration.patch, width: source.width / configuration.patch)
    let prefix = configuration.positionsOfPrefix ? configuration.prefixTokens : 0
    if path == "pos_embed", value.shape == [1, prefix + from.height * from.width, featureWidth] {
      return PositionResampling.absolute(
        value, prefix: prefix, from: from, to: configuration.grid)
    }
    if path.hasSuffix(RelativePositionBias.tableName) {
      return PositionResampling.relative(
        value, extraRows: configuration.hasClassToken ? 3 : 0, from: from, to: configuration.grid)
    }
    return nil
  }
}
