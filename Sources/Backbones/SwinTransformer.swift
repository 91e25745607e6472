public import Gradients
public import Layers
public import Tensors

/// A hierarchical transformer with shifted windows, equal to timm's in names and numbers.
///
/// LayerNorm ε 1e-5, exact GELU, a table of relative positions in each block.
/// **Shape**: `[batch, height, width, 3]` → features `[batch, featureWidth]` after mean pooling, and the
/// feature layer where there is one.
/// **Source**: Z. Liu et al., "Swin Transformer: Hierarchical Vision Transformer using Shifted Windows",
/// 2021, arXiv 2103.14030.
public final class SwinTransformer: MaskableBackbone {
  /// The shape of the network.
  public let configuration: Configuration
  @Key("patch_embed") private var embedding: PatchEmbedding
  @Key("absolute_pos_embed") private var positions: Parameter?
  private let layers: [SwinStage]
  private let norm: LayerNormalization
  private let head: SwinHead?
  @Key("feat") private var featureLayer: Linear?
  @Key("feature_layer") private var flattened: FlattenedHead?

  /// Makes a network with the release's start: weights and tables ~ N(0, 0.02²), biases 0, the patch
  /// convolution the framework's default.
  public init(_ configuration: Configuration, random: RandomStream) {
    self.configuration = configuration
    let grid = configuration.grid
    layers = configuration.depths.indices.map { stage in
      SwinStage(configuration, stage: stage, random: random.split("stage").split(stage))
    }
    let width = configuration.mapChannels
    norm = LayerNormalization(width, epsilon: SwinTransformer.epsilon)
    var headRandom = random.split("head")
    head =
      configuration.classes > 0
      ? SwinHead(width, configuration.classes, random: &headRandom) : nil
    var random = random.split("embedding")
    embedding = PatchEmbedding(
      patch: configuration.patch, width: configuration.width,
      normalization: SwinTransformer.epsilon,
      random: &random)
    positions =
      configuration.hasAbsolutePositions
      ? Parameter(
        random.normal(
          shape: [1, grid.height * grid.width, configuration.width], deviation: 0.02),
        decays: false) : nil
    featureLayer =
      configuration.featureLayer > 0 && !configuration.flattensMap
      ? Linear(uniform: width, configuration.featureLayer, random: &random) : nil
    let cells = configuration.mapGrid.height * configuration.mapGrid.width
    flattened =
      configuration.flattensMap
      ? FlattenedHead(cells * width, configuration.featureLayer, random: &random) : nil
  }

  static let epsilon: Float = 1e-5

  /// Channels of the features.
  public var featureWidth: Int {
    configuration.featureLayer > 0 ? configuration.featureLayer : configuration.mapChannels
  }
  /// Picture size in pixels.
  public var inputExtent: Extent { configuration.image }
  /// Windows, and so the tables, follow the picture size where a map is smaller than a window.
  public var acceptsAnyExtent: Bool { false }
  /// Masks act on patches.
  public var maskStride: Int { configuration.patch }
  /// Channels of a patch token.
  public var maskChannels: Int { configuration.width }
  /// Total stride.
  public var mapStride: Int { configuration.patch << (configuration.depths.count - 1) }

  /// Multiply-accumulates of the patch embedding and the linear maps.
  public var multiplyAccumulates: Int {
    let grid = configuration.grid
    var total =
      grid.height * grid.width * 3 * configuration.patch * configuration.patch
      * configuration.width
    for stage in layers { total += stage.multiplyAccumulates }
    let cells = configuration.mapGrid.height * configuration.mapGrid.width
    let inputs = configuration.mapChannels * (configuration.flattensMap ? cells : 1)
    return total + configuration.classes * configuration.mapChannels
      + configuration.featureLayer * inputs
  }

  /// Multiply-accumulates inside the windows.
  public var attentionMultiplyAccumulates: Int {
    layers.reduce(0) { $0 + $1.attentionMultiplyAccumulates }
  }

  /// The normalised map of the last stage.
  ///
  /// **Shape**: `[batch, height, width, 3]` → `[batch, height/stride, width/stride, channels]`.
  public func featureMap(
    of images: Variable, mask: [Bool]? = nil, token: Variable? = nil, in context: ForwardContext
  ) -> Variable {
    let start = embedded(images, mask: mask, token: token, in: context)
    return featureMap(
      afterBlocks: running(0..<blockCount, on: start, in: context), in: context)
  }

  /// The map of patches before the first stage.
  private func embedded(
    _ images: Variable, mask: [Bool]?, token: Variable?, in context: ForwardContext
  ) -> Variable {
    precondition(
      images.shape.count == 4 && images.shape[1] == configuration.image.height
        && images.shape[2] == configuration.image.width,
      "SwinTransformer: pictures \(images.shape) for a network of \(configuration.image)")
    var x = embedding(images, in: context)
    if let mask, let token { x = x.maskingTokens(mask, with: token) }
    if let positions {
      let line = x.shape[1] * x.shape[2]
      x = x.reshaped([x.shape[0], line])
        .addingRow(context.variable(positions).reshaped([line])).reshaped(x.shape)
    }
    let grid = configuration.grid
    return x.reshaped([x.shape[0], grid.height, grid.width, configuration.width])
  }

  /// Blocks of all stages.
  public var blockCount: Int { layers.reduce(0) { $0 + $1.blockCount } }

  /// The map of patches before the first stage.
  public func embedded(_ images: Variable, in context: ForwardContext) -> Variable {
    embedded(images, mask: nil, token: nil, in: context)
  }

  /// Runs some of the blocks; patches are merged before the first block of a stage.
  public func running(
    _ blocks: Range<Int>, on activation: Variable, in context: ForwardContext
  ) -> Variable {
    var (x, before) = (activation, 0)
    for stage in layers {
      let own = blocks.clamped(to: before..<before + stage.blockCount)
      if !own.isEmpty {
        x = stage.running(
          own.lowerBound - before..<own.upperBound - before, on: x, in: context)
      }
      before += stage.blockCount
    }
    return x
  }

  /// The normalised map of the last stage.
  public func featureMap(afterBlocks activation: Variable, in context: ForwardContext) -> Variable {
    norm(activation, in: context)
  }

  /// Pooled features.
  public func features(
    of activation: Variable, afterBlocks count: Int, in context: ForwardContext
  ) -> Variable {
    let map = featureMap(
      afterBlocks: running(count..<blockCount, on: activation, in: context), in: context)
    if let flattened {
      return flattened(map.reshaped([map.shape[0], map.value.count / map.shape[0]]), in: context)
    }
    let pooled = map.meanOverPositions()
    return featureLayer.map { $0(pooled, in: context) } ?? pooled
  }

  /// Classifier outputs; only for a network with classes.
  ///
  /// **Shape**: `[batch, height, width, 3]` → `[batch, classes]`.
  public func logits(of images: Variable, in context: ForwardContext) -> Variable {
    guard let head else { preconditionFailure("SwinTransformer: the network has no classifier") }
    return head(featureMap(of: images, in: context).meanOverPositions(), in: context)
  }

  /// The last stage's map; masked patches start from the token.
  public func maskedFeatureMap(
    of images: Variable, mask: [Bool], token: Variable, in context: ForwardContext
  ) -> Variable {
    featureMap(of: images, mask: mask, token: token, in: context)
  }
}

extension SwinTransformer: ResizableBackbone {
  /// Tables of relative positions, absolute positions, and a feature layer that sees all cells.
  public func hasValuePerPlace(_ path: String) -> Bool {
    path.hasSuffix(RelativePositionBias.tableName) || path == "absolute_pos_embed"
      || ["feature_layer.0.", "feature_layer.2."].contains { path.hasPrefix($0) }
  }

  /// Tables of relative positions by geometric resampling, where windows differ.
  public func resized(_ path: String, _ value: Tensor, from source: Extent) -> Tensor? {
    let parts = path.split(separator: ".")
    guard path.hasSuffix(RelativePositionBias.tableName), parts.count > 1,
      let stage = Int(parts[1]), layers.indices.contains(stage)
    else { return nil }
    var other = configuration
    other.image = source
    return PositionResampling.relative(
      value, extraRows: 0, from: other.window(stage: stage),
      to: configuration.window(stage: stage))
  }
}

/// A classifier under timm's name of it.
final class SwinHead: Module {
  private let fc: Linear

  init(_ inputs: Int, _ classes: Int, random: inout RandomStream) {
    fc = Linear(inputs, classes, random: &random)
  }

  func callAsFunction(_ input: Variable, in context: ForwardContext) -> Variable {
    fc(input, in: context)
  }
}

/// The head of face networks: all cells of the map in one vector, normalised, mapped, normalised.
///
/// **Shape**: `[batch, inputs]` → `[batch, outputs]`, of any length.
/// **Source**: PETALface's release, 2024, arXiv 2412.07771.
final class FlattenedHead: Module {
  @Key("0") private var inputNorm: BatchNormalization
  @Key("2") private var linear: Linear
  @Key("3") private var outputNorm: BatchNormalization

  init(_ inputs: Int, _ outputs: Int, random: inout RandomStream) {
    linear = Linear(uniform: inputs, outputs, random: &random)
    inputNorm = BatchNormalization(inputs)
    outputNorm = BatchNormalization(outputs)
  }

  func callAsFunction(_ input: Variable, in context: ForwardContext) -> Variable {
    outputNorm(linear(inputNorm(input, in: context), in: context), in: context)
  }
}
