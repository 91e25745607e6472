import Gradients
import Layers
import Tensors

/// Channel attention and a gated depthwise branch, each normalised before and added to its input.
///
/// **Shape**: `[batch, height, width, channels]` → the same.
/// **Source**: S. W. Zamir et al., "Restormer", 2022, sections 3.1 and 3.2.
final class RestormerBlock: Block {
  private let norm1: BodyNormalization
  private let attn: ChannelMixing
  private let norm2: BodyNormalization
  private let ffn: GatedBranch

  init(
    _ channels: Int, heads: Int, expansion: Double,
    normalization: Restormer.Configuration.Normalization, random: inout RandomStream
  ) {
    norm1 = BodyNormalization(channels, normalization)
    attn = ChannelMixing(channels, heads: heads, random: &random)
    norm2 = BodyNormalization(channels, normalization)
    ffn = GatedBranch(channels, hidden: Int(Double(channels) * expansion), random: &random)
  }

  /// Multiply-accumulates of the convolutions.
  var multiplyAccumulatesPerPixel: Int {
    attn.multiplyAccumulatesPerPixel + ffn.multiplyAccumulatesPerPixel
  }

  /// Multiply-accumulates of both products of attention.
  var attentionMultiplyAccumulatesPerPixel: Int { attn.productsPerPixel }

  func callAsFunction(_ input: Variable, in context: ForwardContext) -> Variable {
    let x = input + attn(norm1(input, in: context), in: context)
    return x + ffn(norm2(x, in: context), in: context)
  }
}

/// A convolution without bias: 1×1 between all channels, or 3×3 within each.
private func convolution(
  _ inputs: Int, _ outputs: Int, isDepthwise: Bool = false, parts: [String] = [],
  random: inout RandomStream
) -> Convolution2D {
  Convolution2D(
    inputs, outputs, kernel: isDepthwise ? 3 : 1, padding: isDepthwise ? 1 : 0,
    groups: isDepthwise ? inputs : 1, initialization: .uniformFanIn, parts: parts,
    random: &random)
}

/// Attention between the channels of a head, after each channel was brought to length 1 over pixels.
private final class ChannelMixing: Module {
  private let temperature: Parameter
  private let qkv: Convolution2D
  @Key("qkv_dwconv") private var depthwise: Convolution2D
  @Key("project_out") private var projection: Convolution2D
  private let heads: Int
  private let channels: Int

  init(_ channels: Int, heads: Int, random: inout RandomStream) {
    precondition(channels % heads == 0, "ChannelMixing: \(channels) channels for \(heads) heads")
    self.heads = heads
    self.channels = channels
    temperature = Parameter(Tensor(repeating: 1, shape: [heads, 1, 1]))
    qkv = convolution(channels, 3 * channels, parts: ["q", "k", "v"], random: &random)
    depthwise = convolution(3 * channels, 3 * channels, isDepthwise: true, random: &random)
    projection = convolution(channels, channels, random: &random)
  }

  var multiplyAccumulatesPerPixel: Int { 4 * channels * channels + 27 * channels }

  var productsPerPixel: Int { 2 * channels * channels / heads }

  func callAsFunction(_ input: Variable, in context: ForwardContext) -> Variable {
    let (batch, height, width) = (input.shape[0], input.shape[1], input.shape[2])
    let pixels = height * width
    let lines = depthwise(qkv(input, in: context), in: context)
      .reshaped([batch, pixels, 3 * channels]).permuted([0, 2, 1])
    func part(_ index: Int) -> Variable {
      lines.slice(index * channels..<(index + 1) * channels, axis: 1)
        .reshaped([batch, heads, channels / heads, pixels])
    }
    // Heads go last for the temperature, which is one number for each of them.
    let weights = part(0).l2Normalized()
      .multiplied(by: part(1).l2Normalized(), transposingOther: true)
      .permuted([0, 2, 3, 1]).multipliedByRow(context.variable(temperature))
      .permuted([0, 3, 1, 2]).softmax()
    let mixed = weights.multiplied(by: part(2))
      .reshaped([batch, channels, pixels]).permuted([0, 2, 1])
      .reshaped([batch, height, width, channels])
    return projection(mixed, in: context)
  }
}

/// Two depthwise maps of the input, one of them through a GELU, multiplied.
private final class GatedBranch: Module {
  @Key("project_in") private var expansion: Convolution2D
  @Key("dwconv") private var depthwise: Convolution2D
  @Key("project_out") private var projection: Convolution2D
  private let hidden: Int

  init(_ channels: Int, hidden: Int, random: inout RandomStream) {
    self.hidden = hidden
    expansion = convolution(channels, 2 * hidden, random: &random)
    depthwise = convolution(2 * hidden, 2 * hidden, isDepthwise: true, random: &random)
    projection = convolution(hidden, channels, random: &random)
  }

  var multiplyAccumulatesPerPixel: Int {
    expansion.weight.value.count + depthwise.weight.value.count + projection.weight.value.count
  }

  func callAsFunction(_ input: Variable, in context: ForwardContext) -> Variable {
    let x = depthwise(expansion(input, in: context), in: context)
    let gate = x.slice(0..<hidden, axis: 3).gaussianErrorLinear()
    return projection(gate * x.slice(hidden..<2 * hidden, axis: 3), in: context)
  }
}

/// The norm of a block, whose tensors stand under `body` in the published files.
private final class BodyNormalization: Module {
  @Key("body") private var centred: LayerNormalization?
  @Key("body") private var uncentred: DeviationNormalization?

  init(_ channels: Int, _ kind: Restormer.Configuration.Normalization) {
    centred = kind == .withBias ? LayerNormalization(channels, epsilon: 1e-5) : nil
    uncentred = kind == .withoutBias ? DeviationNormalization(channels) : nil
  }

  func callAsFunction(_ input: Variable, in context: ForwardContext) -> Variable {
    let normalized = centred?(input, in: context) ?? uncentred?(input, in: context)
    guard let normalized else { preconditionFailure("BodyNormalization: has no norm") }
    return normalized
  }
}

/// Divides every line by its deviation without centring it, and scales it.
private final class DeviationNormalization: Module {
  private let weight: Parameter

  init(_ channels: Int) {
    weight = Parameter(Tensor(repeating: 1, shape: [channels]))
  }

  func callAsFunction(_ input: Variable, in context: ForwardContext) -> Variable {
    input.deviationNormalized(scale: context.variable(weight), epsilon: 1e-5)
  }
}
