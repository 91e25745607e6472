public import Gradients
public import Layers
public import Tensors

/// A residual network with bottleneck blocks, equal to torchvision's in names and numbers.
///
/// **Shape**: `[batch, height, width, 3]` → features `[batch, 2048]` after global mean pooling.
/// **Source**: K. He et al., "Deep Residual Learning for Image Recognition", 2016, arXiv 1512.03385;
/// the stride sits on the 3×3 convolution, as in torchvision.
public final class ResNet: MaskableBackbone {
  /// Picture size the network is used with; any other works too.
  public let inputExtent: Extent
  private let conv1: Convolution2D
  private let bn1: BatchNormalization
  private let layer1: [Bottleneck]
  private let layer2: [Bottleneck]
  private let layer3: [Bottleneck]
  private let layer4: [Bottleneck]
  private let fc: Linear?
  private let lastStride: Int

  /// Makes a network; `lastStride` 1 keeps the last stage at stride 16, as ReID uses it.
  public init(
    blocks: [Int] = [3, 4, 6, 3], classes: Int = 0, lastStride: Int = 2, image: Extent,
    random: RandomStream
  ) {
    precondition(blocks.count == 4, "ResNet: needs four stages, got \(blocks)")
    inputExtent = image
    self.lastStride = lastStride
    var stem = random.split("stem")
    conv1 = Convolution2D(3, 64, kernel: 7, stride: 2, padding: 3, random: &stem)
    bn1 = BatchNormalization(64)
    func stage(_ index: Int, _ inputs: Int, _ planes: Int, _ stride: Int) -> [Bottleneck] {
      (0..<blocks[index]).map { block in
        var random = random.split("stage").split(index).split(block)
        return Bottleneck(
          block == 0 ? inputs : planes * 4, planes: planes, stride: block == 0 ? stride : 1,
          projects: block == 0, random: &random)
      }
    }
    layer1 = stage(0, 64, 64, 1)
    layer2 = stage(1, 256, 128, 2)
    layer3 = stage(2, 512, 256, 2)
    layer4 = stage(3, 1024, 512, lastStride)
    var head = random.split("head")
    fc = classes > 0 ? Linear(uniform: 2048, classes, random: &head) : nil
  }

  /// Channels after the last stage.
  public var featureWidth: Int { 2048 }
  /// Convolutions take any size.
  public var acceptsAnyExtent: Bool { true }
  /// Masks act on the stem's output.
  public var maskStride: Int { 4 }
  /// Channels of the stem's output.
  public var maskChannels: Int { 64 }
  /// Total stride.
  public var mapStride: Int { lastStride == 1 ? 16 : 32 }

  /// Multiply-accumulates of the convolutions.
  public var multiplyAccumulates: Int {
    var total = 3 * 64 * 49 * (inputExtent.height / 2) * (inputExtent.width / 2)
    var extent = Extent(height: inputExtent.height / 4, width: inputExtent.width / 4)
    for block in layer1 + layer2 + layer3 + layer4 {
      total += block.multiplyAccumulates(&extent)
    }
    return total
  }

  private func stem(_ images: Variable, in context: ForwardContext) -> Variable {
    bn1(conv1(images, in: context), rectifying: true, in: context)
      .maximumPooled(Window(3, stride: 2, padding: 1))
  }

  private func stages(_ input: Variable, in context: ForwardContext) -> Variable {
    var x = input
    for block in layer1 + layer2 + layer3 + layer4 { x = block(x, in: context) }
    return x
  }

  /// Globally pooled features.
  public func features(of images: Variable, in context: ForwardContext) -> Variable {
    stages(stem(images, in: context), in: context).meanOverPositions()
  }

  /// Classifier outputs; only for a network with classes.
  public func logits(of images: Variable, in context: ForwardContext) -> Variable {
    guard let fc else { preconditionFailure("ResNet: the network has no classifier") }
    return fc(features(of: images, in: context), in: context)
  }

  /// The last stage's map of pictures whose masked stem cells were replaced by the token.
  public func maskedFeatureMap(
    of images: Variable, mask: [Bool], token: Variable, in context: ForwardContext
  ) -> Variable {
    stages(stem(images, in: context).maskingTokens(mask, with: token), in: context)
  }
}

/// 1×1, 3×3, 1×1 convolutions with batch normalisation, added to the input or its projection.
final class Bottleneck: Module {
  private let conv1: Convolution2D
  private let bn1: BatchNormalization
  private let conv2: Convolution2D
  private let bn2: BatchNormalization
  private let conv3: Convolution2D
  private let bn3: BatchNormalization
  private let downsample: Downsample?

  init(_ inputs: Int, planes: Int, stride: Int, projects: Bool, random: inout RandomStream) {
    conv1 = Convolution2D(inputs, planes, kernel: 1, random: &random)
    bn1 = BatchNormalization(planes)
    conv2 = Convolution2D(planes, planes, kernel: 3, stride: stride, padding: 1, random: &random)
    bn2 = BatchNormalization(planes)
    conv3 = Convolution2D(planes, planes * 4, kernel: 1, random: &random)
    bn3 = BatchNormalization(planes * 4)
    downsample =
      projects ? Downsample(inputs, planes * 4, stride: stride, random: &random) : nil
  }

  func callAsFunction(_ input: Variable, in context: ForwardContext) -> Variable {
    let shortcut = downsample.map { $0(input, in: context) } ?? input
    var x = bn1(conv1(input, in: context), rectifying: true, in: context)
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

/// A strided 1×1 projection of the shortcut, named as the two entries of torchvision's sequence.
final class Downsample: Module {
  @Key("0") private var convolution: Convolution2D
  @Key("1") private var normalization: BatchNormalization

  init(_ inputs: Int, _ outputs: Int, stride: Int, random: inout RandomStream) {
    convolution = Convolution2D(inputs, outputs, kernel: 1, stride: stride, random: &random)
    normalization = BatchNormalization(outputs)
  }

  var weightCount: Int { convolution.weight.value.count }

  func callAsFunction(_ input: Variable, in context: ForwardContext) -> Variable {
    normalization(convolution(input, in: context), in: context)
  }
}
