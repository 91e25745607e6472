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
  private let pooling: Pooling

  /// How the stem's largest values are taken; the same weights fit both, the features do not.
  public enum Pooling: Sendable, Hashable {
    /// From windows of three that begin one cell outside the map, as in torchvision and timm.
    case centered
    /// From windows of three that begin on the map and may reach beyond its end, as in later versions of
    /// fast-reid.
    case trailing
  }

  /// Makes a network; `lastStride` 1 keeps the last stage at stride 16, as ReID uses it.
  ///
  /// With `mixesInstances` the first norm of each block in stages 1 to 3 normalises half of its channels
  /// per picture (IBN-a): X. Pan et al., "Two at Once", 2018, arXiv 1807.09441.
  public init(
    blocks: [Int] = [3, 4, 6, 3], classes: Int = 0, lastStride: Int = 2,
    mixesInstances: Bool = false, pooling: Pooling = .centered, image: Extent,
    random: RandomStream
  ) {
    precondition(blocks.count == 4, "ResNet: needs four stages, got \(blocks)")
    inputExtent = image
    self.lastStride = lastStride
    self.pooling = pooling
    var stem = random.split("stem")
    conv1 = Convolution2D(3, 64, kernel: 7, stride: 2, padding: 3, random: &stem)
    bn1 = BatchNormalization(64)
    func stage(_ index: Int, _ inputs: Int, _ planes: Int, _ stride: Int) -> [Bottleneck] {
      (0..<blocks[index]).map { block in
        var random = random.split("stage").split(index).split(block)
        return Bottleneck(
          block == 0 ? inputs : planes * 4, planes: planes, stride: block == 0 ? stride : 1,
          projects: block == 0, mixesInstances: mixesInstances && index < 3, random: &random)
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

  /// Multiply-accumulates of the convolutions and the classifier.
  public var multiplyAccumulates: Int {
    var total =
      (fc?.weight.value.count ?? 0) + 3 * 64 * 49 * (inputExtent.height / 2)
      * (inputExtent.width / 2)
    var extent = Extent(height: inputExtent.height / 4, width: inputExtent.width / 4)
    for block in blocks { total += block.multiplyAccumulates(&extent) }
    return total
  }

  private var blocks: [Bottleneck] { layer1 + layer2 + layer3 + layer4 }

  /// Blocks of the four stages.
  public var blockCount: Int { blocks.count }

  /// The pooled map of the stem.
  public func embedded(_ images: Variable, in context: ForwardContext) -> Variable {
    let map = bn1(conv1(images, in: context), rectifying: true, in: context)
    switch pooling {
    case .centered: return map.maximumPooled(Window(3, stride: 2, padding: 1))
    case .trailing:
      // Nothing on the map is below the zeros that are put behind it.
      return map.padded(bottom: 1 - map.shape[1] % 2, right: 1 - map.shape[2] % 2)
        .maximumPooled(Window(3, stride: 2))
    }
  }

  /// Runs some of the blocks.
  public func running(
    _ own: Range<Int>, on activation: Variable, in context: ForwardContext
  ) -> Variable {
    blocks[own].running(on: activation, in: context)
  }

  /// Classifier outputs; only for a network with classes.
  public func logits(of images: Variable, in context: ForwardContext) -> Variable {
    guard let fc else { preconditionFailure("ResNet: the network has no classifier") }
    return fc(features(of: images, in: context), in: context)
  }
}

extension BackboneCatalog.Entry {
  /// In what a residual network differs from timm's, whose weights it takes all the same.
  enum ResidualVariant {
    case published, lastStride1, fastReID

    var summary: String {
      switch self {
      case .published: ""
      case .lastStride1: ", its last stage at stride 1 as ReID uses it"
      case .fastReID:
        ", as later versions of fast-reid run it: last stride 1, pooling without border"
      }
    }
  }

  /// A residual network with bottleneck blocks.
  ///
  /// A network that runs differently from timm's has a name of its own, so that nobody opens its folder
  /// with timm's and gets other features without a word.
  static func residual(
    _ name: String, variant: ResidualVariant = .published, mixesInstances: Bool = false
  ) -> Self {
    let usual = variant == .published ? 2 : 1
    return Self(
      name,
      (mixesInstances
        ? "the residual network with half of the channels normalised per picture in stages 1 to 3"
        : "residual network with bottleneck blocks, torchvision's names") + variant.summary,
      extent: Extent(height: 256, width: 128), unit: 32, options: ["last_stride", "depth"]
    ) { options, extent, random throws(BackboneError) in
      let (blocks, stride) = (options.depths ?? [3, 4, 6, 3], options.lastStride ?? usual)
      guard blocks.count == 4, blocks.allSatisfy({ $0 > 0 }), (1...2).contains(stride) else {
        throw .invalid(
          name: name,
          reason: "it has four stages and a last stride of 1 or 2, not \(blocks), \(stride)")
      }
      guard variant != .lastStride1 || stride == 1 else {
        throw .invalid(
          name: name,
          reason: "its last stride is 1; the network with 2 has the name without _stride1")
      }
      return ResNet(
        blocks: blocks, classes: options.classes, lastStride: stride,
        mixesInstances: mixesInstances, pooling: variant == .fastReID ? .trailing : .centered,
        image: extent, random: random)
    }
  }
}
