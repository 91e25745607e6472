import Gradients
import Layers
import Tensors

/// A strided 1×1 projection of the shortcut, named as the two entries of torchvision's sequence.
final class Downsample: Module {
  @Key("0") private var convolution: Convolution2D
  @Key("1") private var normalization: BatchNormalization

  init(
    _ inputs: Int, _ outputs: Int, stride: Int,
    initialization: Convolution2D.Initialization = .heNormalFanOut, random: inout RandomStream
  ) {
    convolution = Convolution2D(
      inputs, outputs, kernel: 1, stride: stride, remakesOutput: inputs <= 64,
      initialization: initialization, random: &random)
    normalization = BatchNormalization(outputs)
  }

  var weightCount: Int { convolution.weight.value.count }

  func callAsFunction(_ input: Variable, in context: ForwardContext) -> Variable {
    normalization(convolution(input, in: context), in: context)
  }
}
