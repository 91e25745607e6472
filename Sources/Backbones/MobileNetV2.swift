public import Gradients
public import Layers
public import Tensors

/// A small network of depthwise convolutions, equal to timm's `mobilenetv2_100` in names and numbers.
///
/// **Shape**: `[batch, height, width, 3]` → features `[batch, 1280]` after global mean pooling.
/// **Source**: M. Sandler et al., "MobileNetV2: Inverted Residuals and Linear Bottlenecks", 2018, arXiv
/// 1801.04381.
public final class MobileNetV2: MaskableBackbone {
  /// Picture size the network is used with; any other works too.
  public let inputExtent: Extent
  @Key("conv_stem") private var stem: Convolution2D
  private let bn1: BatchNormalization
  private let blocks: [[InvertedResidual]]
  @Key("conv_head") private var last: Convolution2D
  private let bn2: BatchNormalization
  private let classifier: Linear?

  /// Blocks of each stage: expansion, channels, repeats, stride of the first (table 2 of the paper).
  static let stages: [(expansion: Int, channels: Int, count: Int, stride: Int)] = [
    (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2),
    (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1),
  ]

  /// Makes a network; `counts` are the blocks of each stage, the published ones if left out.
  public init(
    counts: [Int]? = nil, classes: Int = 0, image: Extent, random: RandomStream
  ) {
    let counts = counts ?? Self.stages.map(\.count)
    precondition(
      counts.count == Self.stages.count, "MobileNetV2: needs seven stages, got \(counts)")
    inputExtent = image
    var ends = random.split("ends")
    bn1 = BatchNormalization(32)
    var inputs = 32
    blocks = Self.stages.enumerated().map { index, stage in
      (0..<counts[index]).map { block in
        var random = random.split("stage").split(index).split(block)
        defer { inputs = stage.channels }
        return InvertedResidual(
          inputs, stage.channels, expansion: stage.expansion, stride: block == 0 ? stage.stride : 1,
          random: &random)
      }
    }
    bn2 = BatchNormalization(1280)
    classifier = classes > 0 ? Linear(uniform: 1280, classes, random: &ends) : nil
    stem = Convolution2D(3, 32, kernel: 3, stride: 2, padding: 1, random: &ends)
    last = Convolution2D(320, 1280, kernel: 1, random: &ends)
  }

  /// Channels after the last convolution.
  public var featureWidth: Int { 1280 }
  /// Convolutions take any size.
  public var acceptsAnyExtent: Bool { true }
  /// Masks act on the stem's output.
  public var maskStride: Int { 2 }
  /// Channels of the stem's output.
  public var maskChannels: Int { 32 }
  /// Total stride.
  public var mapStride: Int { 32 }

  /// Multiply-accumulates of the convolutions and the classifier.
  public var multiplyAccumulates: Int {
    var extent = Extent(
      height: (inputExtent.height + 1) / 2, width: (inputExtent.width + 1) / 2)
    var total = stem.weight.value.count * extent.height * extent.width
    for block in blocks.flatMap(\.self) { total += block.multiplyAccumulates(&extent) }
    return total + last.weight.value.count * extent.height * extent.width
      + (classifier?.weight.value.count ?? 0)
  }

  /// Blocks of the seven stages.
  public var blockCount: Int { blocks.reduce(0) { $0 + $1.count } }

  /// The map of the stem.
  public func embedded(_ images: Variable, in context: ForwardContext) -> Variable {
    bn1(stem(images, in: context), in: context).clipped(0...6)
  }

  /// Runs some of the blocks.
  public func running(
    _ own: Range<Int>, on activation: Variable, in context: ForwardContext
  ) -> Variable {
    blocks.flatMap(\.self)[own].running(on: activation, in: context)
  }

  /// The map of the last convolution.
  public func featureMap(afterBlocks activation: Variable, in context: ForwardContext) -> Variable {
    bn2(last(activation, in: context), in: context).clipped(0...6)
  }

  /// Classifier outputs; only for a network with classes.
  public func logits(of images: Variable, in context: ForwardContext) -> Variable {
    guard let classifier else {
      preconditionFailure("MobileNetV2: the network has no classifier")
    }
    return classifier(features(of: images, in: context), in: context)
  }
}

/// 1×1 to more channels, 3×3 depthwise, 1×1 to few, each with a norm; added where shapes agree.
///
/// Without an expansion the first map is left out, and the others are numbered from 1.
final class InvertedResidual: Block {
  @Key("conv_pw") private var expand: Convolution2D?
  @Key("conv_dw") private var depthwise: Convolution2D
  @Key("conv_pwl") private var project: Convolution2D?
  @Key("conv_pw") private var projectAlone: Convolution2D?
  private let bn1: BatchNormalization
  private let bn2: BatchNormalization
  private let bn3: BatchNormalization?
  private let adds: Bool
  private let stride: Int

  init(_ inputs: Int, _ outputs: Int, expansion: Int, stride: Int, random: inout RandomStream) {
    let hidden = inputs * expansion
    let expands = expansion > 1
    adds = stride == 1 && inputs == outputs
    self.stride = stride
    bn1 = BatchNormalization(hidden)
    bn2 = BatchNormalization(expands ? hidden : outputs)
    bn3 = expands ? BatchNormalization(outputs) : nil
    expand = expands ? Convolution2D(inputs, hidden, kernel: 1, random: &random) : nil
    depthwise = Convolution2D(
      hidden, hidden, kernel: 3, stride: stride, padding: 1, groups: hidden, random: &random)
    let last = Convolution2D(hidden, outputs, kernel: 1, random: &random)
    project = expands ? last : nil
    projectAlone = expands ? nil : last
  }

  func callAsFunction(_ input: Variable, in context: ForwardContext) -> Variable {
    guard let expand, let project, let bn3 else {
      let x = bn1(depthwise(input, in: context), in: context).clipped(0...6)
      let residual = adds ? input : nil
      return projectAlone.map { bn2($0(x, in: context), residual: residual, in: context) } ?? x
    }
    var x = bn1(expand(input, in: context), in: context).clipped(0...6)
    x = bn2(depthwise(x, in: context), in: context).clipped(0...6)
    return bn3(project(x, in: context), residual: adds ? input : nil, in: context)
  }

  func multiplyAccumulates(_ extent: inout Extent) -> Int {
    let before = (expand?.weight.value.count ?? 0) * extent.height * extent.width
    extent.height = (extent.height - 1) / stride + 1
    extent.width = (extent.width - 1) / stride + 1
    let last = (project ?? projectAlone)?.weight.value.count ?? 0
    return before + (depthwise.weight.value.count + last) * extent.height * extent.width
  }
}

extension MobileNetV2 {
  /// Names in torchvision's files, and in older ones whose norms are not nested.
  static let publishedNames = [torchvision(isNested: true), torchvision(isNested: false)]

  private static func torchvision(isNested: Bool) -> WeightNaming {
    WeightNaming(
      "torchvision's",
      recognizes: {
        $0.contains(isNested ? "features.1.conv.0.0.weight" : "features.1.conv.0.weight")
      }
    ) { path in
      let parts = path.split(separator: ".").map(String.init)
      switch parts[0] {
      case "conv_stem": return ["features.0.0." + parts[1]]
      case "bn1": return ["features.0.1." + parts[1]]
      case "conv_head": return ["features.18.0." + parts[1]]
      case "bn2": return ["features.18.1." + parts[1]]
      case "classifier": return ["classifier.1." + parts[1]]
      default: break
      }
      guard parts.count == 5, let stage = Int(parts[1]), let block = Int(parts[2]),
        stages.indices.contains(stage)
      else { return [path] }
      let index = 1 + block + stages[..<stage].reduce(0) { $0 + $1.count }
      // The order of the maps in a block, and which of them a name means.
      let isExpanded = stages[stage].expansion > 1
      let order =
        isExpanded
        ? ["conv_pw": 0, "bn1": 0, "conv_dw": 1, "bn2": 1, "conv_pwl": 2, "bn3": 2]
        : ["conv_dw": 0, "bn1": 0, "conv_pw": 1, "bn2": 1]
      guard let step = order[parts[3]] else { return [path] }
      let isLast = step == (isExpanded ? 2 : 1)
      let isNorm = parts[3].hasPrefix("bn")
      let place =
        if !isNested {
          "\(step * 3 + (isNorm ? 1 : 0))"
        } else if isLast {
          "\(step + (isNorm ? 1 : 0))"
        } else {
          "\(step).\(isNorm ? 1 : 0)"
        }
      return ["features.\(index).conv.\(place)." + parts[4]]
    }
  }
}

extension BackboneCatalog.Entry {
  /// MobileNetV2 at width 1.
  static func mobile(_ name: String) -> Self {
    Self(
      name, "MobileNetV2, depthwise convolutions, timm's names",
      extent: Extent(height: 224, width: 224), unit: 32, options: ["depth"],
      published: MobileNetV2.publishedNames
    ) { options, extent, random throws(BackboneError) in
      guard options.depths.map({ $0.count == 7 && $0.allSatisfy { $0 > 0 } }) ?? true else {
        throw .invalid(name: name, reason: "it has seven stages of one block or more")
      }
      return MobileNetV2(
        counts: options.depths, classes: options.classes, image: extent, random: random)
    }
  }
}
