public import Gradients
public import Layers
public import Tensors

/// The residual network of face recognition, equal to insightface's `iresnet` in names and numbers.
///
/// Blocks without activation after the addition; the last map is read as one vector, channel by channel.
/// **Shape**: `[batch, height, width, 3]` → features `[batch, 512]`, of any length.
/// **Source**: I. Duta et al., "Improved Residual Networks for Image and Video Recognition", 2020, arXiv
/// 2004.04989; J. Deng et al., "ArcFace", 2019, arXiv 1801.07698, for the head.
public final class FaceResNet: SequentialBackbone {
  /// Picture size in pixels; both sides divide by 16.
  public let inputExtent: Extent
  private let conv1: Convolution2D
  private let bn1: BatchNormalization
  private let prelu: ParametricRectifier
  private let layer1: [FaceBlock]
  private let layer2: [FaceBlock]
  private let layer3: [FaceBlock]
  private let layer4: [FaceBlock]
  private let bn2: BatchNormalization
  private let fc: Linear
  @Key("features") private var featureNorm: BatchNormalization

  /// Makes a network with insightface's start: convolutions ~ N(0, 0.1²), slopes 0.25.
  public init(blocks: [Int], features: Int = 512, image: Extent, random: RandomStream) {
    precondition(blocks.count == 4, "FaceResNet: needs four stages, got \(blocks)")
    precondition(
      image.height % 16 == 0 && image.width % 16 == 0,
      "FaceResNet: \(image) does not divide by 16")
    inputExtent = image
    var stem = random.split("stem")
    conv1 = Convolution2D(
      3, 64, kernel: 3, padding: 1, remakesOutput: true,
      initialization: .normal(deviation: 0.1), random: &stem)
    bn1 = BatchNormalization(64)
    prelu = ParametricRectifier(64)
    func stage(_ index: Int, _ inputs: Int, _ planes: Int) -> [FaceBlock] {
      (0..<blocks[index]).map { block in
        var random = random.split("stage").split(index).split(block)
        return FaceBlock(
          block == 0 ? inputs : planes, planes, stride: block == 0 ? 2 : 1, random: &random)
      }
    }
    layer1 = stage(0, 64, 64)
    layer2 = stage(1, 64, 128)
    layer3 = stage(2, 128, 256)
    layer4 = stage(3, 256, 512)
    bn2 = BatchNormalization(512)
    var head = random.split("head")
    fc = Linear(
      uniform: 512 * (image.height / 16) * (image.width / 16), features, random: &head)
    featureNorm = BatchNormalization(features)
    // Stored, but fixed at 1: a scale here would only change the temperature of the losses.
    featureNorm.weight.isTrainable = false
  }

  /// Length of a feature vector.
  public var featureWidth: Int { fc.weight.value.shape[0] }
  /// The last map is flattened, so its size is fixed.
  public var acceptsAnyExtent: Bool { false }

  /// Multiply-accumulates of the convolutions and the last map.
  public var multiplyAccumulates: Int {
    var total = conv1.weight.value.count * inputExtent.height * inputExtent.width
    var extent = inputExtent
    for block in blocks { total += block.multiplyAccumulates(&extent) }
    return total + fc.weight.value.count
  }

  private var blocks: [FaceBlock] { layer1 + layer2 + layer3 + layer4 }

  /// Blocks of the four stages.
  public var blockCount: Int { blocks.count }

  /// The map of the stem.
  public func embedded(_ images: Variable, in context: ForwardContext) -> Variable {
    precondition(
      images.shape.count == 4 && images.shape[1] == inputExtent.height
        && images.shape[2] == inputExtent.width,
      "FaceResNet: pictures \(images.shape) for a network of \(inputExtent)")
    return bn1(conv1(images, in: context), rectifier: prelu, in: context)
  }

  /// Runs some of the blocks.
  public func running(
    _ own: Range<Int>, on activation: Variable, in context: ForwardContext
  ) -> Variable {
    blocks[own].running(on: activation, in: context)
  }

  /// Features before any scaling to unit length.
  public func features(
    of activation: Variable, afterBlocks count: Int, in context: ForwardContext
  ) -> Variable {
    let last = running(count..<blockCount, on: activation, in: context)
    // Published weights expect the order channel, row, column.
    let x = bn2(last, in: context).permuted([0, 3, 1, 2])
    let flat = x.reshaped([x.shape[0], x.value.count / x.shape[0]])
    return featureNorm(fc(flat, in: context), in: context)
  }
}

/// Norm, 3×3, norm, slope, 3×3 with the stride, norm, added to the input or its projection.
final class FaceBlock: Block {
  private let bn1: BatchNormalization
  private let conv1: Convolution2D
  private let bn2: BatchNormalization
  private let prelu: ParametricRectifier
  private let conv2: Convolution2D
  private let bn3: BatchNormalization
  private let downsample: Downsample?

  init(_ inputs: Int, _ outputs: Int, stride: Int, random: inout RandomStream) {
    bn1 = BatchNormalization(inputs)
    conv1 = Convolution2D(
      inputs, outputs, kernel: 3, padding: 1, initialization: .normal(deviation: 0.1),
      random: &random)
    bn2 = BatchNormalization(outputs)
    prelu = ParametricRectifier(outputs)
    conv2 = Convolution2D(
      outputs, outputs, kernel: 3, stride: stride, padding: 1,
      initialization: .normal(deviation: 0.1), random: &random)
    bn3 = BatchNormalization(outputs)
    downsample =
      stride != 1 || inputs != outputs
      ? Downsample(
        inputs, outputs, stride: stride, initialization: .normal(deviation: 0.1), random: &random)
      : nil
  }

  func callAsFunction(_ input: Variable, in context: ForwardContext) -> Variable {
    let shortcut = downsample.map { $0(input, in: context) } ?? input
    let x = bn2(conv1(bn1(input, in: context), in: context), rectifier: prelu, in: context)
    return bn3(conv2(x, in: context), residual: shortcut, in: context)
  }

  func multiplyAccumulates(_ extent: inout Extent) -> Int {
    let before = extent.height * extent.width
    extent.height = (extent.height - 1) / conv2.stride + 1
    extent.width = (extent.width - 1) / conv2.stride + 1
    let after = extent.height * extent.width
    return conv1.weight.value.count * before
      + (conv2.weight.value.count + (downsample?.weightCount ?? 0)) * after
  }
}

extension BackboneCatalog.Entry {
  /// A face network of some depth.
  static func faceResidual(_ name: String, blocks: [Int]) -> Self {
    Self(
      name, "insightface's residual network for faces, \(blocks.reduce(0, +)) blocks",
      extent: Extent(height: 112, width: 112), unit: 16,
      preprocessing: Preprocessing(mean: [0.5, 0.5, 0.5], deviation: [0.5, 0.5, 0.5]),
      options: ["depth", "feature_layer"]
    ) { options, extent, random throws(BackboneError) in
      let (blocks, width) = (options.depths ?? blocks, options.featureLayer ?? 512)
      guard blocks.count == 4, blocks.allSatisfy({ $0 > 0 }), width > 0, options.classes == 0 else {
        throw .invalid(
          name: name, reason: "it has four stages, a feature layer and no classifier")
      }
      try BackboneError.refuse(
        name, ifBeyond: BackboneError.mostWeights, "weights",
        [[512, extent.height / 16, extent.width / 16, width]])
      return FaceResNet(blocks: blocks, features: width, image: extent, random: random)
    }
  }
}
