public import Gradients
public import Layers
public import Tensors

/// The restoration network without nonlinear activations: a U-shape of gated blocks around a shortcut
/// from input to output.
///
/// Names follow the published files, so that their `params` load without renaming.
/// **Shape**: `[batch, height, width, 3]` → the same; sides are filled with zeros, below and at the
/// right, to multiples of 2^levels, and cut at the end.
/// **Source**: L. Chen et al., "Simple Baselines for Image Restoration", 2022, arXiv 2204.04676.
public final class NAFNet: RestorationBackbone {
  /// What decides the shape of the network.
  public struct Configuration: Sendable, Hashable {
    /// Channels at full resolution; each level below has twice as many.
    public var width: Int
    /// Blocks of each level on the way down.
    public var encoders: [Int]
    /// Blocks at the lowest resolution.
    public var middle: Int
    /// Blocks of each level on the way up, lowest first.
    public var decoders: [Int]
    /// Side in pixels of the training pictures, when channel attention averages locally in
    /// evaluation; `nil` averages whole pictures as in training.
    public var localPoolingCrop: Int?

    /// Makes a configuration; both ways need the same number of levels.
    public init(
      width: Int, encoders: [Int], middle: Int, decoders: [Int], localPoolingCrop: Int? = nil
    ) {
      self.width = width
      self.encoders = encoders
      self.middle = middle
      self.decoders = decoders
      self.localPoolingCrop = localPoolingCrop
    }

    /// The published layout for camera noise.
    public static func denoising(width: Int) -> Configuration {
      Configuration(width: width, encoders: [2, 2, 4, 8], middle: 12, decoders: [2, 2, 2, 2])
    }

    /// The published layout for motion blur, trained on squares of 256 pixels.
    public static func deblurring(width: Int) -> Configuration {
      Configuration(
        width: width, encoders: [1, 1, 1, 28], middle: 1, decoders: [1, 1, 1, 1],
        localPoolingCrop: 256)
    }

    /// Sides are multiples of this inside the network.
    var unit: Int { 1 << encoders.count }

    /// Side of the pooling window at a level: 1.5 times what a training picture measures there.
    func poolingWindow(level: Int) -> Int? {
      localPoolingCrop.map { crop in
        let side = Extent(height: crop, width: crop).enlarged(toMultipleOf: unit).height >> level
        return max(1, side * (crop * 3 / 2) / crop)
      }
    }
  }

  /// The shape of the network.
  public let configuration: Configuration
  private let intro: Convolution2D
  private let ending: Convolution2D
  private let encoders: [[NAFNetBlock]]
  private let downs: [Convolution2D]
  @Key("middle_blks") private var middle: [NAFNetBlock]
  private let ups: [Upsampling]
  private let decoders: [[NAFNetBlock]]

  /// Makes a network whose blocks start as the identity.
  public init(_ configuration: Configuration, random: RandomStream) {
    let levels = configuration.encoders.count
    precondition(
      configuration.decoders.count == levels,
      "NAFNet: \(levels) levels down and \(configuration.decoders.count) up")
    self.configuration = configuration
    let width = configuration.width
    func blocks(_ part: String, _ index: Int, _ count: Int, level: Int) -> [NAFNetBlock] {
      (0..<count).map { block in
        var random = random.split(part).split(index).split(block)
        return NAFNetBlock(
          width << level, window: configuration.poolingWindow(level: level), random: &random)
      }
    }
    var edges = random.split("edges")
    intro = Convolution2D(
      3, width, kernel: 3, padding: 1, hasBias: true, initialization: .uniformFanIn, random: &edges)
    ending = Convolution2D(
      width, 3, kernel: 3, padding: 1, hasBias: true, initialization: .uniformFanIn, random: &edges)
    encoders = configuration.encoders.enumerated().map { blocks("encoder", $0, $1, level: $0) }
    downs = (0..<levels).map { level in
      var random = random.split("down").split(level)
      let channels = width << level
      return Convolution2D(
        channels, 2 * channels, kernel: 2, stride: 2, hasBias: true, initialization: .uniformFanIn,
        random: &random)
    }
    ups = (0..<levels).map { index in
      var random = random.split("up").split(index)
      return Upsampling(width << (levels - index), random: &random)
    }
    decoders = configuration.decoders.enumerated().map {
      blocks("decoder", $0, $1, level: levels - 1 - $0)
    }
    middle = blocks("middle", 0, configuration.middle, level: levels)
  }

  /// Multiply-accumulates of the convolutions, channel attention included.
  public func multiplyAccumulates(of extent: Extent) -> Int {
    let pixels = extent.enlarged(toMultipleOf: configuration.unit).area
    let levels = configuration.encoders.count
    var total = pixels * 2 * 27 * configuration.width
    for level in 0...levels {
      let channels = configuration.width << level
      let area = pixels >> (2 * level)
      let blocks =
        level == levels
        ? configuration.middle
        : configuration.encoders[level] + configuration.decoders[levels - 1 - level]
      let perPixel = 6 * channels * channels + 18 * channels
      // Channel attention is one map of a picture, or of every pixel where it pools locally.
      let window = configuration.poolingWindow(level: level) ?? .max
      let maps = window < max(extent.height, extent.width) >> level ? area : 1
      total += blocks * (area * perPixel + maps * channels * channels)
      // Each level but the first is reached by one strided convolution and left by one 1×1 map.
      if level > 0 { total += area * 4 * channels * channels }
    }
    return total
  }

  /// Restored pictures.
  public func restored(_ images: Variable, in context: ForwardContext) -> Variable {
    precondition(
      images.shape.count == 4 && images.shape[3] == 3, "NAFNet: pictures of shape \(images.shape)")
    let extent = Extent(height: images.shape[1], width: images.shape[2])
    let inner = extent.enlarged(toMultipleOf: configuration.unit)
    let input = images.padded(
      bottom: inner.height - extent.height, right: inner.width - extent.width)
    var x = intro(input, in: context)
    var skips: [Variable] = []
    for (blocks, down) in zip(encoders, downs) {
      x = blocks.running(on: x, in: context)
      skips.append(x)
      x = down(x, in: context)
    }
    x = middle.running(on: x, in: context)
    for (blocks, up) in zip(decoders, ups) {
      x = up(x, in: context) + skips.removeLast()
      x = blocks.running(on: x, in: context)
    }
    return (ending(x, in: context) + input).cropped(height: extent.height, width: extent.width)
  }
}

/// A 1×1 convolution without bias and a pixel shuffle, named as the first entry of a sequence.
///
/// **Shape**: `[batch, height, width, channels]` → `[batch, 2 height, 2 width, channels / 2]`.
private final class Upsampling: Module {
  @Key("0") private var convolution: Convolution2D

  init(_ channels: Int, random: inout RandomStream) {
    convolution = Convolution2D(
      channels, 2 * channels, kernel: 1, initialization: .uniformFanIn, random: &random)
  }

  func callAsFunction(_ input: Variable, in context: ForwardContext) -> Variable {
    convolution(input, in: context).pixelShuffled(2)
  }
}
