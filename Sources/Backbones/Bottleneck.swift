import Gradients
import Layers
import Tensors

/// 1×1, 3×3, 1×1 convolutions with batch normalisation, added to the input or its projection.
final class Bottleneck: Block {
  private let conv1: Convolution2D
  @Key("bn1") private var batchNorm: BatchNormalization?
  @Key("bn1") private var splitNorm: InstanceBatchNormalization?
  private let conv2: Convolution2D
  private let bn2: BatchNormalization
  private let conv3: Convolution2D
  private let bn3: BatchNormalization
  private let downsample: Downsample?

  init(
    _ inputs: Int, planes: Int, stride: Int, projects: Bool, mixesInstances: Bool = false,
    random: inout RandomStream
  ) {
    conv1 = Convolution2D(inputs, planes, kernel: 1, random: &random)
    conv2 = Convolution2D(planes, planes, kernel: 3, stride: stride, padding: 1, random: &random)
    bn2 = BatchNormalization(planes)
    // Four times as large as its input, and largest where it costs least.
    conv3 = Convolution2D(
      planes, planes * 4, kernel: 1, remakesOutput: planes <= 64, random: &random)
    bn3 = BatchNormalization(planes * 4)
    downsample =
      projects ? Downsample(inputs, planes * 4, stride: stride, random: &random) : nil
    batchNorm = mixesInstances ? nil : BatchNormalization(planes)
    splitNorm = mixesInstances ? InstanceBatchNormalization(planes) : nil
  }

  func callAsFunction(_ input: Variable, in context: ForwardContext) -> Variable {
    let shortcut = downsample.map { $0(input, in: context) } ?? input
    var x = conv1(input, in: context)
    if let splitNorm {
      x = splitNorm(x, in: context).rectified()
    } else if let batchNorm {
      x = batchNorm(x, rectifying: true, in: context)
    }
    x = bn2(conv2(x, in: context), rectifying: true, in: context)
    return bn3(conv3(x, in: context), residual: shortcut, rectifying: true, in: context)
  }

  func multiplyAccumulates(_ extent: inout Extent) -> Int {
    let before = extent.height * extent.width
    extent.height = (extent.height - 1) / conv2.stride + 1
    extent.width = (extent.width - 1) / conv2.stride + 1
    let after = extent.height * extent.width
    return conv1.weight.value.count * before
      + (conv2.weight.value.count + conv3.weight.value.count) * after
      + (downsample?.weightCount ?? 0) * after
  }
}
