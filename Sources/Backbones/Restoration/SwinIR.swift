public import Gradients
public import Layers
public import Tensors

/// A restoration network of residual groups of Swin blocks, one token per pixel.
///
/// Names follow the published files, so that their `params` load without renaming.
/// **Shape**: `[batch, height, width, 3]` → the same, or `scale` times the sides; sides are filled by
/// reflection, below and at the right, to multiples of the window, and cut at the end.
/// **Source**: J. Liang et al., "SwinIR: Image Restoration Using Swin Transformer", 2021, arXiv
/// 2108.10257.
public final class SwinIR: RestorationBackbone {
  /// How features become a picture.
  public enum Tail: Sendable, Hashable {
    /// One convolution, added to the input: noise, compression.
    case residual
    /// Shuffles of channels between convolutions: enlarging by 2, 3, 4 or 8.
    case shuffles(scale: Int)
    /// One convolution and a shuffle of its channels: the lightweight enlarging network.
    case direct(scale: Int)

    /// Sides of the result over those of the input.
    var scale: Int {
      switch self {
      case .residual: 1
      case .shuffles(let scale), .direct(let scale): scale
      }
    }
  }

  /// What decides the shape of the network.
  public struct Configuration: Sendable, Hashable {
    /// Channels of a token.
    public var width: Int
    /// Blocks of each group.
    public var depths: [Int]
    /// Attention heads.
    public var heads: Int
    /// Side of a window in pixels.
    public var window: Int
    /// Hidden width of the MLP over ``width``.
    public var mlpRatio: Int
    /// How features become a picture.
    public var tail: Tail
    /// Values 0…1 are multiplied by it on the way in and divided on the way out.
    public var range: Float

    /// Makes a configuration.
    public init(
      width: Int, depths: [Int], heads: Int = 6, window: Int = 8, mlpRatio: Int = 2,
      tail: Tail = .residual, range: Float = 1
    ) {
      self.width = width
      self.depths = depths
      self.heads = heads
      self.window = window
      self.mlpRatio = mlpRatio
      self.tail = tail
      self.range = range
    }

    /// The classical size: six groups of six blocks, 180 channels.
    public static func classical(_ tail: Tail) -> Configuration {
      Configuration(width: 180, depths: [Int](repeating: 6, count: 6), tail: tail)
    }

    /// The classical size as published for the noise of JPEG compression: windows of 7 pixels, so that
    /// their borders do not fall on those of JPEG's squares of 8, and values 0…255.
    public static let compression: Configuration = {
      var configuration = classical(.residual)
      (configuration.window, configuration.range) = (7, 255)
      return configuration
    }()

    /// The lightweight size: four groups of six blocks, 60 channels.
    public static func lightweight(_ tail: Tail) -> Configuration {
      Configuration(width: 60, depths: [Int](repeating: 6, count: 4), tail: tail)
    }
  }

  /// The shape of the network.
  public let configuration: Configuration
  @Key("conv_first") private var first: Convolution2D
  @Key("patch_embed.norm") private var inputNorm: LayerNormalization
  private let layers: [SwinGroup]
  private let norm: LayerNormalization
  @Key("conv_after_body") private var afterBody: Convolution2D
  @Key("conv_before_upsample.0") private var beforeUpsample: Convolution2D?
  // In the published files the steps of enlarging stand between shuffles, which have no weights.
  @Key("upsample.0") private var firstStep: Convolution2D?
  @Key("upsample.2") private var secondStep: Convolution2D?
  @Key("upsample.4") private var thirdStep: Convolution2D?
  @Key("conv_last") private var last: Convolution2D?

  /// Mean colour of the published training's pictures, subtracted before and added after.
  private static let meanColour = Tensor([0.4488, 0.4371, 0.4040], shape: [3])

  /// Makes an untrained network.
  public init(_ configuration: Configuration, random: RandomStream) {
    self.configuration = configuration
    let width = configuration.width
    layers = configuration.depths.enumerated().map { index, depth in
      SwinGroup(configuration, depth: depth, random: random.split("group").split(index))
    }
    norm = LayerNormalization(width, epsilon: SwinTransformer.epsilon)
    var random = random.split("edges")
    func convolution(_ inputs: Int, _ outputs: Int) -> Convolution2D {
      Convolution2D(
        inputs, outputs, kernel: 3, padding: 1, hasBias: true, initialization: .uniformFanIn,
        random: &random)
    }
    first = convolution(3, width)
    inputNorm = LayerNormalization(width, epsilon: SwinTransformer.epsilon)
    afterBody = convolution(width, width)
    (beforeUpsample, firstStep, secondStep, thirdStep) = (nil, nil, nil, nil)
    switch configuration.tail {
    case .residual: last = convolution(width, 3)
    case .shuffles(let scale):
      precondition([2, 3, 4, 8].contains(scale), "SwinIR: enlarging by \(scale), not 2, 3, 4 or 8")
      beforeUpsample = convolution(width, 64)
      firstStep = convolution(64, scale == 3 ? 576 : 256)
      secondStep = scale > 3 ? convolution(64, 256) : nil
      thirdStep = scale > 4 ? convolution(64, 256) : nil
      last = convolution(64, 3)
    case .direct(let scale):
      firstStep = convolution(width, 3 * scale * scale)
      last = nil
    }
  }

  /// Sides of the result over those of the input.
  public var scale: Int { configuration.tail.scale }

  /// Multiply-accumulates of convolutions and linear maps; the paper states them with those of attention.
  public func multiplyAccumulates(of extent: Extent) -> Int {
    let area = extent.enlarged(toMultipleOf: configuration.window).area
    let d = configuration.width
    let block = (4 + 2 * configuration.mlpRatio) * d * d
    let blocks = configuration.depths.reduce(0, +) * block
    var total = area * (blocks + (configuration.depths.count + 1) * 9 * d * d + 27 * d)
    total += area * (beforeUpsample?.weight.value.count ?? 0)
    var pixels = area
    for step in [firstStep, secondStep, thirdStep].compactMap(\.self) {
      total += pixels * step.weight.value.count
      pixels *= step.weight.value.shape[0] / 64
    }
    if let last { total += (beforeUpsample == nil ? area : pixels) * last.weight.value.count }
    return total
  }

  /// Multiply-accumulates inside the windows.
  public func attentionMultiplyAccumulates(of extent: Extent) -> Int {
    let cells = configuration.window * configuration.window
    return extent.enlarged(toMultipleOf: configuration.window).area * 2 * cells
      * configuration.width * configuration.depths.reduce(0, +)
  }

  /// Restored pictures.
  public func restored(_ images: Variable, in context: ForwardContext) -> Variable {
    precondition(
      images.shape.count == 4 && images.shape[3] == 3, "SwinIR: pictures of shape \(images.shape)")
    let extent = Extent(height: images.shape[1], width: images.shape[2])
    let inner = extent.enlarged(toMultipleOf: configuration.window)
    let (bottom, right) = (inner.height - extent.height, inner.width - extent.width)
    // A picture smaller than its border cannot be mirrored: its edge is repeated.
    let mode: BorderMode =
      bottom < extent.height && right < extent.width ? .reflecting : .replicating
    let centred = images.padded(bottom: bottom, right: right, mode: mode)
      .addingRow(Variable(Self.meanColour.scaled(by: -1)))
    let range = configuration.range
    let input = range == 1 ? centred : centred * range
    let shallow = first(input, in: context)
    var x = inputNorm(shallow, in: context)
    for group in layers { x = group(x, in: context) }
    x = afterBody(norm(x, in: context), in: context) + shallow
    let result = tail(x, input: input, in: context)
    return (range == 1 ? result : result * (1 / range)).addingRow(Variable(Self.meanColour))
      .cropped(height: extent.height * scale, width: extent.width * scale)
  }

  private func tail(_ x: Variable, input: Variable, in context: ForwardContext) -> Variable {
    switch configuration.tail {
    case .residual: return last.map { input + $0(x, in: context) } ?? input
    case .direct(let scale):
      return firstStep.map { $0(x, in: context).pixelShuffled(scale) } ?? input
    case .shuffles(let scale):
      guard let beforeUpsample, let last else { return input }
      let slope = Variable(Tensor(repeating: 0.01, shape: [64]))
      var y = beforeUpsample(x, in: context).parametricRectified(slope: slope)
      for step in [firstStep, secondStep, thirdStep].compactMap(\.self) {
        y = step(y, in: context).pixelShuffled(scale == 3 ? 3 : 2)
      }
      return last(y, in: context)
    }
  }

  /// Names in the published files: the module's own, beside buffers that are computed again.
  public static let publishedNames = WeightNaming(
    "the original repository's", recognizes: { $0.contains("conv_after_body.weight") },
    ignores: { $0.hasSuffix("relative_position_index") || $0.hasSuffix("attn_mask") }
  ) { [$0] }
}

/// Swin blocks, every other one with shifted windows, and a convolution, added to the input.
///
/// **Shape**: `[batch, height, width, channels]` → the same.
final class SwinGroup: Module {
  @Key("residual_group.blocks") private var blocks: [SwinBlock]
  private let conv: Convolution2D

  init(_ configuration: SwinIR.Configuration, depth: Int, random: RandomStream) {
    let window = Extent(height: configuration.window, width: configuration.window)
    let half = Extent(height: configuration.window / 2, width: configuration.window / 2)
    var ends = random.split("end")
    conv = Convolution2D(
      configuration.width, configuration.width, kernel: 3, padding: 1, hasBias: true,
      initialization: .uniformFanIn, random: &ends)
    blocks = (0..<depth).map { index in
      var random = random.split(index)
      return SwinBlock(
        channels: configuration.width, heads: configuration.heads, window: window,
        shift: index % 2 == 1 ? half : Extent(height: 0, width: 0),
        mlpRatio: configuration.mlpRatio, random: &random)
    }
  }

  func callAsFunction(_ input: Variable, in context: ForwardContext) -> Variable {
    input + conv(blocks.running(on: input, in: context), in: context)
  }
}
