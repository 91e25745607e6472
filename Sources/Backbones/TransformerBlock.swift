import Gradients
import Layers
import Tensors

/// Factors of a residual branch, one per channel.
///
/// **Source**: H. Touvron et al., "Going deeper with Image Transformers", 2021, arXiv 2103.17239.
final class LayerScale: Module {
  private let gamma: Parameter

  init(_ width: Int, start: Float) {
    gamma = Parameter(Tensor(repeating: start, shape: [width]))
  }

  func callAsFunction(_ input: Variable, in context: ForwardContext) -> Variable {
    input.multipliedByRow(context.variable(gamma))
  }
}

/// A pre-norm transformer block: attention and MLP, each added to its input.
///
/// **Shape**: `[batch, tokens, width]` → the same.
final class TransformerBlock: Module {
  private let norm1: LayerNormalization
  @Key("attn") private var attention: SelfAttention
  private let norm2: LayerNormalization
  @Key("mlp") private var perceptron: Perceptron
  // Layer scale stands under two names: as timm's plain transformers and as BEiT's store it.
  private let ls1: LayerScale?
  private let ls2: LayerScale?
  @Key("gamma_1") private var attentionScale: Parameter?
  @Key("gamma_2") private var perceptronScale: Parameter?
  private let dropPath: Float

  init(
    _ configuration: VisionTransformer.Configuration, index: Int, random: inout RandomStream
  ) {
    let width = configuration.width
    norm1 = LayerNormalization(width, epsilon: configuration.epsilon)
    norm2 = LayerNormalization(width, epsilon: configuration.epsilon)
    dropPath = dropPathRate(configuration.dropPath, block: index, of: configuration.depth)
    let isBEiT = configuration.positions.isRelative
    let plain = isBEiT ? nil : configuration.layerScale
    ls1 = plain.map { LayerScale(width, start: $0) }
    ls2 = plain.map { LayerScale(width, start: $0) }
    let limit = configuration.startLimit
    let divisor = isBEiT ? Float(2 * (index + 1)).squareRoot() : 1
    let table =
      configuration.positions == .relativePerBlock
      ? RelativePositionBias(
        rows: configuration.grid.height, columns: configuration.grid.width,
        heads: configuration.heads, hasClassToken: configuration.hasClassToken) : nil
    attention = SelfAttention(
      width: width, heads: configuration.heads, bias: isBEiT ? .queryAndValue : .all,
      relativePositions: table, limit: limit, outputDivisor: divisor, random: &random)
    perceptron = Perceptron(
      width: width, hidden: configuration.mlpRatio * width, limit: limit, outputDivisor: divisor,
      random: &random)
    let scale = isBEiT ? configuration.layerScale : nil
    attentionScale = scale.map { Parameter(Tensor(repeating: $0, shape: [width])) }
    perceptronScale = scale.map { Parameter(Tensor(repeating: $0, shape: [width])) }
  }

  /// Whether the block can make some of its tokens by themselves: an adapter may look at all of them.
  var canMakeSomeTokens: Bool { !attention.hasAdaptedOutput && !perceptron.isAdapted }

  /// Runs the block; with `firstTokens` it makes only those, which still look at all.
  func callAsFunction(
    _ input: Variable, offsets: Variable?, firstTokens: Int? = nil, in context: ForwardContext
  ) -> Variable {
    let attended = scaled(
      attention(
        norm1(input, in: context), offsets: offsets, firstTokens: firstTokens, in: context), ls1,
      attentionScale, in: context)
    let shortcut = firstTokens.map { input.slice(0..<$0, axis: 1) } ?? input
    let x = shortcut + droppingPath(attended, dropPath, in: context)
    let mixed = scaled(
      perceptron(norm2(x, in: context), in: context), ls2, perceptronScale, in: context)
    return x + droppingPath(mixed, dropPath, in: context)
  }

  private func scaled(
    _ branch: Variable, _ layer: LayerScale?, _ gamma: Parameter?, in context: ForwardContext
  ) -> Variable {
    if let layer { return layer(branch, in: context) }
    return gamma.map { branch.multipliedByRow(context.variable($0)) } ?? branch
  }
}

/// Drop-path rates grow linearly from 0 at the first block to `largest` at the last.
func dropPathRate(_ largest: Float, block: Int, of depth: Int) -> Float {
  depth > 1 ? largest * Float(block) / Float(depth - 1) : 0
}
