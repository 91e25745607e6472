import Gradients
import Layers
import Tensors

/// A gated depthwise branch with channel attention and a gated pointwise branch, each added to its
/// input under a learned scale that starts at 0.
///
/// **Shape**: `[batch, height, width, channels]` → the same.
/// **Source**: L. Chen et al., "Simple Baselines for Image Restoration", 2022, figure 3c.
final class NAFNetBlock: Block {
  private let beta: Parameter
  private let gamma: Parameter
  private let conv1: Convolution2D
  private let conv2: Convolution2D
  private let conv3: Convolution2D
  private let sca: ChannelAttention
  private let conv4: Convolution2D
  private let conv5: Convolution2D
  private let norm1: LayerNormalization
  private let norm2: LayerNormalization

  /// Makes a block; `window` is the side of the local means of channel attention in evaluation.
  init(_ channels: Int, window: Int?, random: inout RandomStream) {
    func pointwise(_ inputs: Int, _ outputs: Int, random: inout RandomStream) -> Convolution2D {
      Convolution2D(
        inputs, outputs, kernel: 1, hasBias: true, initialization: .uniformFanIn, random: &random)
    }
    beta = Parameter(Tensor(zeros: [1, channels, 1, 1]))
    gamma = Parameter(Tensor(zeros: [1, channels, 1, 1]))
    conv1 = pointwise(channels, 2 * channels, random: &random)
    conv2 = Convolution2D(
      2 * channels, 2 * channels, kernel: 3, padding: 1, groups: 2 * channels, hasBias: true,
      initialization: .uniformFanIn, random: &random)
    conv3 = pointwise(channels, channels, random: &random)
    sca = ChannelAttention(pointwise(channels, channels, random: &random), window: window)
    conv4 = pointwise(channels, 2 * channels, random: &random)
    conv5 = pointwise(channels, channels, random: &random)
    norm1 = LayerNormalization(channels)
    norm2 = LayerNormalization(channels)
  }

  func callAsFunction(_ input: Variable, in context: ForwardContext) -> Variable {
    if context.tape == nil,
      [conv1, conv2, conv3, conv4, conv5].allSatisfy({ !$0.adapters.isActive })
    {
      return Variable(computed(input.value, in: context))
    }
    var x = conv2(conv1(norm1(input, in: context), in: context), in: context).gated()
    x = conv3(sca(x, in: context), scaledBy: beta, addedTo: input, in: context)
    let y = conv4(norm2(x, in: context), in: context).gated()
    return conv5(y, scaledBy: gamma, addedTo: x, in: context)
  }

  /// The same for a pass that records nothing: three passes over memory instead of eleven.
  private func computed(_ input: Tensor, in context: ForwardContext) -> Tensor {
    var before = PixelChain(columns: input.columns)
    before.append(norm1, in: context)
    before.append(conv1, in: context)
    let (gated, means) = conv2.gated(before.applied(to: input), in: context)
    var after = PixelChain(columns: gated.columns)
    after.scale(by: sca.factors(of: gated, means: means, in: context), pixels: gated.rows)
    after.append(conv3, scaledBy: beta, addend: .tensor(input), keeps: true, in: context)
    after.append(norm2, in: context)
    after.append(conv4, in: context)
    after.gate()
    after.append(conv5, scaledBy: gamma, addend: .kept, in: context)
    return after.applied(to: gated)
  }
}

/// Scales the channels by a linear map of their means over the picture, without an activation.
private final class ChannelAttention: Module {
  @Key("1") private var convolution: Convolution2D
  private let window: Int?

  init(_ convolution: Convolution2D, window: Int?) {
    self.window = window
    self.convolution = convolution
  }

  func callAsFunction(_ input: Variable, in context: ForwardContext) -> Variable {
    if let window = localWindow(of: input.shape, in: context) {
      let means = input.locallyAveraged(height: window, width: window)
      return input * convolution(means, in: context)
    }
    let means = input.meanOverPositions().reshaped([input.shape[0], 1, 1, input.value.columns])
    return input.multipliedPerPicture(by: convolution(means, in: context))
  }

  /// The factors alone, one row a picture or one a pixel, from the means of whole pictures.
  func factors(of input: Tensor, means: Tensor, in context: ForwardContext) -> Tensor {
    if let window = localWindow(of: input.shape, in: context) {
      let means = Variable(input).locallyAveraged(height: window, width: window)
      return convolution(means, in: context).value
    }
    let means = Variable(means.reshaped([input.shape[0], 1, 1, input.columns]))
    return convolution(means, in: context).value
  }

  /// The side of local means; `nil` for means of whole pictures, as in training.
  private func localWindow(of shape: [Int], in context: ForwardContext) -> Int? {
    guard let window, !context.isTraining, window < shape[1] || window < shape[2] else {
      return nil
    }
    return window
  }
}
