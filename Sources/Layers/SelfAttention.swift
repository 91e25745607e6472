public import Gradients
public import Tensors

/// Multi-head self-attention with a fused query-key-value map.
///
/// `softmax(scale · Q Kᵀ + offsets + mask) V`, heads joined, then a linear map. The scale is
/// `(width / heads)^−½`.
/// **Shape**: `[batch, tokens, width]` → the same.
/// **Source**: A. Vaswani et al., "Attention Is All You Need", 2017, arXiv 1706.03762.
public final class SelfAttention: Module, BiasHolder {
  /// Which of query, key and value have a bias.
  public enum Bias: Sendable, Hashable {
    /// All three, in one vector.
    case all
    /// Query and value, in two vectors: a key bias would shift every score of a row alike.
    case queryAndValue
    /// None.
    case none
  }

  private let qkv: Linear
  @Key("q_bias") private var queryBias: Parameter?
  @Key("v_bias") private var valueBias: Parameter?
  // Without a name of its own: checkpoints keep the table beside the maps.
  @Key("") private var relativePositions: RelativePositionBias?
  private let proj: Linear
  private let heads: Int
  private let width: Int

  /// Makes a layer whose weights start normal, redrawn outside ± `limit`; those of the last map are
  /// then divided by `outputDivisor`.
  public init(
    width: Int, heads: Int, bias: Bias = .all, relativePositions: RelativePositionBias? = nil,
    limit: Float = .infinity, outputDivisor: Float = 1, random: inout RandomStream
  ) {
    precondition(width % heads == 0, "SelfAttention: \(width) channels for \(heads) heads")
    qkv = Linear(
      width, 3 * width, hasBias: bias == .all, limit: limit, parts: ["q", "k", "v"],
      random: &random)
    proj = Linear(width, width, limit: limit, random: &random)
    if outputDivisor != 1 { proj.weight.value = proj.weight.value.scaled(by: 1 / outputDivisor) }
    self.heads = heads
    self.width = width
    let isSplit = bias == .queryAndValue
    queryBias = isSplit ? Parameter(Tensor(zeros: [width])) : nil
    valueBias = isSplit ? Parameter(Tensor(zeros: [width])) : nil
    self.relativePositions = relativePositions
  }

  /// The biases of query and value, where they are two vectors.
  public var ownBiases: [Parameter] { [queryBias, valueBias].compactMap { $0 } }

  /// Whether an adapter acts on the last map.
  public var hasAdaptedOutput: Bool { proj.adapters.isActive }

  /// Lets every token look at all of its sequence.
  ///
  /// - Parameters:
  ///   - offsets: added to the scores, `[1, heads, tokens, tokens]`; added to those of a table of this
  ///     layer's own.
  ///   - masks: added to the scores of sequence `i mod count`, `[count, tokens, tokens]`.
  ///   - firstTokens: how many tokens, from the first, are wanted; nil for all.
  public func callAsFunction(
    _ input: Variable, offsets: Variable? = nil, masks: Tensor? = nil, firstTokens: Int? = nil,
    in context: ForwardContext
  ) -> Variable {
    let splitBias =
      if let queryBias, let valueBias {
        Variable.concatenated(
          [
            context.variable(queryBias), Variable(Tensor(zeros: [width])),
            context.variable(valueBias),
          ], axis: 0)
      } else {
        Variable?.none
      }
    let mixed = qkv(input, bias: splitBias, in: context)
    var scores = relativePositions.map { $0(in: context) }
    if let offsets { scores = scores.map { $0 + offsets } ?? offsets }
    if let masks {
      let tokens = input.shape[1]
      let base = scores ?? Variable(Tensor(zeros: [1, heads, tokens, tokens]))
      scores = base.addingMasks(masks)
    }
    let scale = 1 / Float(width / heads).squareRoot()
    let attended = mixed.attention(heads: heads, scale: scale, bias: scores)
    return proj(firstTokens.map { attended.slice(0..<$0, axis: 1) } ?? attended, in: context)
  }
}
