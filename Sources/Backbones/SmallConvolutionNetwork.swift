public import Gradients
public import Layers
public import Tensors

/// A small residual network for minutes of training on a few cores.
///
/// Stem 5×5 stride 2 and maximum pooling, then one basic block per stage with widths w, 2w, 4w, 8w and
/// strides 1, 2, 2, 1: total stride 16. With w = 16 it has 0.32 M parameters.
/// **Shape**: `[batch, height, width, 3]` → features `[batch, 8w]` after global mean pooling.
public final class SmallConvolutionNetwork: MaskableBackbone {
  /// Picture size the network is used with; any other works too.
  public let inputExtent: Extent
  private let width: Int
  private let conv1: Convolution2D
  private let bn1: BatchNormalization
  private let stages: [BasicBlock]

  /// Makes a network of base width `width`.
  public init(width: Int, image: Extent, random: RandomStream) {
    inputExtent = image
    self.width = width
    var stem = random.split("stem")
    conv1 = Convolution2D(3, width, kernel: 5, stride: 2, padding: 2, random: &stem)
    bn1 = BatchNormalization(width)
    stages = [
      (width, width, 1), (width, 2 * width, 2), (2 * width, 4 * width, 2),
      (4 * width, 8 * width, 1),
    ]
    .enumerated().map { index, stage in
      var random = random.split("stage").split(index)
      return BasicBlock(stage.0, stage.1, stride: stage.2, random: &random)
    }
  }

  /// Channels after the last stage.
  public var featureWidth: Int { 8 * width }
  /// Convolutions take any size.
  public var acceptsAnyExtent: Bool { true }
  /// Masks act on the stem's output.
  public var maskStride: Int { 4 }
  /// Channels of the stem's output.
  public var maskChannels: Int { width }
  /// Total stride.
  public var mapStride: Int { 16 }

  /// Multiply-accumulates of the convolutions.
  public var multiplyAccumulates: Int {
    var total = 3 * width * 25 * (inputExtent.height / 2) * (inputExtent.width / 2)
    var extent = Extent(height: inputExtent.height / 4, width: inputExtent.width / 4)
    for stage in stages { total += stage.multiplyAccumulates(&extent) }
    return total
  }

  /// One block per stage.
  public var blockCount: Int { stages.count }

  /// The pooled map of the stem.
  public func embedded(_ images: Variable, in context: ForwardContext) -> Variable {
    bn1(conv1(images, in: context), rectifying: true, in: context)
      .maximumPooled(Window(3, stride: 2, padding: 1))
  }

  /// Runs some of the blocks.
  public func running(
    _ blocks: Range<Int>, on activation: Variable, in context: ForwardContext
  ) -> Variable {
    stages[blocks].running(on: activation, in: context)
  }
}

/// Two 3×3 convolutions with batch normalisation, added to the input or its projection.
final class BasicBlock: Block {
  private let conv1: Convolution2D
  private let bn1: BatchNormalization
  private let conv2: Convolution2D
  private let bn2: BatchNormalization
  private let downsample: Downsample?

  init(_ inputs: Int, _ outputs: Int, stride: Int, random: inout RandomStream) {
    conv1 = Convolution2D(inputs, outputs, kernel: 3, stride: stride, padding: 1, random: &random)
    bn1 = BatchNormalization(outputs)
    conv2 = Convolution2D(outputs, outputs, kernel: 3, padding: 1, random: &random)
    bn2 = BatchNormalization(outputs)
    downsample =
      stride != 1 || inputs != outputs
      ? Downsample(inputs, outputs, stride: stride, random: &random) : nil
  }

  func callAsFunction(_ input: Variable, in context: ForwardContext) -> Variable {
    let shortcut = downsample.map { $0(input, in: context) } ?? input
    let x = bn1(conv1(input, in: context), rectifying: true, in: context)
    return bn2(conv2(x, in: context), residual: shortcut, rectifying: true, in: context)
  }

  func multiplyAccumulates(_ extent: inout Extent) -> Int {
    extent.height = (extent.height - 1) / conv1.stride + 1
    extent.width = (extent.width - 1) / conv1.stride + 1
    let weights =
      conv1.weight.value.count + conv2.weight.value.count
      + (downsample?.weightCount ?? 0)
    return weights * extent.height * extent.width
  }
}

extension BackboneCatalog.Entry {
  /// The small residual network at a base width.
  static func smallConvolution(_ name: String, width: Int) -> Self {
    Self(
      name,
      width == 16
        ? "small residual network, 0.3 M parameters, for minutes on a CPU"
        : "the same at \(width / 16) times the width",
      extent: Extent(height: 128, width: 64), unit: 16
    ) { options, extent, random throws(BackboneError) in
      guard options.classes == 0 else { throw .invalid(name: name, reason: "it has no classifier") }
      return SmallConvolutionNetwork(width: width, image: extent, random: random)
    }
  }
}
