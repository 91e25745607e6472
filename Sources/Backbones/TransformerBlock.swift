import Gradients
import Layers
import Tensors

/// Cuts a picture into patches and maps each to a token.
///
/// **Shape**: `[batch, height, width, 3]` → `[batch, patches, width]`.
final class PatchEmbedding: Module {
  private let proj: Convolution2D

  init(
    patch: Int, width: Int, initialization: Convolution2D.Initialization = .uniformFanIn,
    random: inout RandomStream
  ) {
    proj = Convolution2D(
      3, width, kernel: patch, stride: patch, hasBias: true, initialization: initialization,
      random: &random)
  }

  func callAsFunction(_ images: Variable, in context: ForwardContext) -> Variable {
    let map = proj(images, in: context)
    return map.reshaped([map.shape[0], map.shape[1] * map.shape[2], map.shape[3]])
  }
}

/// Multi-head self-attention with a fused query-key-value map.
///
/// **Shape**: `[batch, tokens, width]` → the same.
final class SelfAttention: Module {
  private let qkv: Linear
  private let proj: Linear
  private let heads: Int
  private let scale: Float

  init(width: Int, heads: Int, random: inout RandomStream) {
    precondition(width % heads == 0, "SelfAttention: \(width) channels for \(heads) heads")
    qkv = Linear(width, 3 * width, parts: ["q", "k", "v"], random: &random)
    proj = Linear(width, width, random: &random)
    self.heads = heads
    scale = 1 / Float(width / heads).squareRoot()
  }

  func callAsFunction(_ input: Variable, in context: ForwardContext) -> Variable {
    proj(qkv(input, in: context).attention(heads: heads, scale: scale), in: context)
  }
}

/// Two linear maps with an exact GELU between them.
///
/// **Shape**: `[…, width]` → `[…, width]`.
final class Perceptron: Module {
  private let fc1: Linear
  private let fc2: Linear

  /// Weights start normal, redrawn outside ± `limit`; those of the second map are then divided by
  /// `outputDivisor`.
  init(
    width: Int, hidden: Int, limit: Float = .infinity, outputDivisor: Float = 1,
    random: inout RandomStream
  ) {
    fc1 = Linear(width, hidden, limit: limit, random: &random)
    fc2 = Linear(hidden, width, limit: limit, random: &random)
    if outputDivisor != 1 { fc2.weight.value = fc2.weight.value.scaled(by: 1 / outputDivisor) }
  }

  func callAsFunction(_ input: Variable, in context: ForwardContext) -> Variable {
    fc2(fc1(input, activation: .gaussianErrorLinear, in: context), in: context)
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
  private let dropPath: Float

  init(width: Int, heads: Int, mlpRatio: Int, dropPath: Float, random: inout RandomStream) {
    norm1 = LayerNormalization(width)
    norm2 = LayerNormalization(width)
    self.dropPath = dropPath
    attention = SelfAttention(width: width, heads: heads, random: &random)
    perceptron = Perceptron(width: width, hidden: mlpRatio * width, random: &random)
  }

  func callAsFunction(_ input: Variable, in context: ForwardContext) -> Variable {
    let x =
      input
      + droppingPath(attention(norm1(input, in: context), in: context), dropPath, in: context)
    return x + droppingPath(perceptron(norm2(x, in: context), in: context), dropPath, in: context)
  }
}

/// Drops a residual branch for whole pictures at rate `rate`, and scales the others by 1 / (1 − rate).
///
/// **Source**: G. Huang et al., "Deep Networks with Stochastic Depth", 2016, arXiv 1603.09382.
func droppingPath(_ branch: Variable, _ rate: Float, in context: ForwardContext) -> Variable {
  guard context.isTraining, rate > 0 else { return branch }
  let keep = 1 - rate
  let factors = (0..<branch.shape[0]).map { _ in context.random.uniform() < keep ? 1 / keep : 0 }
  return branch.scalingFirstAxis(by: factors)
}
