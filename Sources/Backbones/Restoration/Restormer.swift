public import Gradients
public import Layers
public import Tensors

/// A U-shaped transformer whose attention mixes channels instead of pixels.
///
/// Names follow the published files, so that their `params` load without renaming.
/// **Shape**: `[batch, height, width, 3]` → the same; sides are enlarged, below and at the right, to
/// multiples of 8 by mirroring (or by the edge, where a side is too small) and cut at the end.
/// **Source**: S. W. Zamir et al., "Restormer: Efficient Transformer for High-Resolution Image
/// Restoration", 2022, arXiv 2111.09881.
public final class Restormer: RestorationBackbone {
  /// What decides the shape of the network.
  public struct Configuration: Sendable, Hashable {
    /// Channels at full resolution.
    public var width: Int
    /// Blocks of the four levels; the first three have as many on the way up.
    public var blocks: [Int]
    /// Blocks after the way up.
    public var refinement: Int
    /// Attention heads of the four levels.
    public var heads: [Int]
    /// Hidden channels of the gated branch over the channels of the level.
    public var expansion: Double
    /// The norm before both branches.
    public var normalization: Normalization

    /// The norm before both branches.
    public enum Normalization: Sendable, Hashable {
      /// Layer normalisation with scale and shift.
      case withBias
      /// Division by the deviation and a scale, for noise.
      case withoutBias
    }

    /// Makes a configuration; the defaults are the published layout.
    public init(
      width: Int = 48, blocks: [Int] = [4, 6, 6, 8], refinement: Int = 4,
      heads: [Int] = [1, 2, 4, 8], expansion: Double = 2.66,
      normalization: Normalization = .withBias
    ) {
      self.width = width
      self.blocks = blocks
      self.refinement = refinement
      self.heads = heads
      self.expansion = expansion
      self.normalization = normalization
    }
  }

  /// The shape of the network.
  public let configuration: Configuration
  @Key("patch_embed") private var embedding: OverlappingEmbedding
  @Key("encoder_level1") private var encoder1: [RestormerBlock]
  @Key("down1_2") private var down1: Resampling
  @Key("encoder_level2") private var encoder2: [RestormerBlock]
  @Key("down2_3") private var down2: Resampling
  @Key("encoder_level3") private var encoder3: [RestormerBlock]
  @Key("down3_4") private var down3: Resampling
  private let latent: [RestormerBlock]
  @Key("up4_3") private var up3: Resampling
  @Key("reduce_chan_level3") private var reduction3: Convolution2D
  @Key("decoder_level3") private var decoder3: [RestormerBlock]
  @Key("up3_2") private var up2: Resampling
  @Key("reduce_chan_level2") private var reduction2: Convolution2D
  @Key("decoder_level2") private var decoder2: [RestormerBlock]
  @Key("up2_1") private var up1: Resampling
  @Key("decoder_level1") private var decoder1: [RestormerBlock]
  private let refinement: [RestormerBlock]
  private let output: Convolution2D

  /// Halvings of the sides.
  private static let levels = 3

  /// Makes a network with the framework's default start.
  public init(_ configuration: Configuration, random: RandomStream) {
    precondition(
      configuration.blocks.count == 4 && configuration.heads.count == 4,
      "Restormer: needs four levels, got \(configuration.blocks) and \(configuration.heads)")
    self.configuration = configuration
    let width = configuration.width
    func blocks(_ part: String, level: Int, channels: Int, count: Int) -> [RestormerBlock] {
      (0..<count).map { block in
        var random = random.split(part).split(level).split(block)
        return RestormerBlock(
          channels, heads: configuration.heads[level], expansion: configuration.expansion,
          normalization: configuration.normalization, random: &random)
      }
    }
    func encoder(_ level: Int) -> [RestormerBlock] {
      blocks(
        "encoder", level: level, channels: width << level, count: configuration.blocks[level])
    }
    // The topmost level keeps the joined channels instead of reducing them.
    func decoder(_ level: Int) -> [RestormerBlock] {
      blocks(
        "decoder", level: level, channels: width << max(level, 1),
        count: configuration.blocks[level])
    }
    latent = encoder(3)
    refinement = blocks(
      "refinement", level: 0, channels: 2 * width, count: configuration.refinement)
    var edges = random.split("edges")
    output = Convolution2D(
      2 * width, 3, kernel: 3, padding: 1, initialization: .uniformFanIn, random: &edges)
    embedding = OverlappingEmbedding(width, random: &edges)
    var steps = random.split("steps")
    (encoder1, encoder2, encoder3) = (encoder(0), encoder(1), encoder(2))
    (decoder1, decoder2, decoder3) = (decoder(0), decoder(1), decoder(2))
    down1 = Resampling(width, outputs: width / 2, random: &steps)
    down2 = Resampling(2 * width, outputs: width, random: &steps)
    down3 = Resampling(4 * width, outputs: 2 * width, random: &steps)
    up3 = Resampling(8 * width, outputs: 16 * width, random: &steps)
    up2 = Resampling(4 * width, outputs: 8 * width, random: &steps)
    up1 = Resampling(2 * width, outputs: 4 * width, random: &steps)
    reduction3 = Convolution2D(
      8 * width, 4 * width, kernel: 1, initialization: .uniformFanIn, random: &steps)
    reduction2 = Convolution2D(
      4 * width, 2 * width, kernel: 1, initialization: .uniformFanIn, random: &steps)
  }

  /// The sum over all blocks of a cost per pixel of their level.
  private func cost(_ extent: Extent, _ perPixel: (RestormerBlock) -> Int) -> Int {
    let pixels = extent.enlarged(toMultipleOf: 1 << Self.levels).area
    let levels = [
      encoder1 + decoder1 + refinement, encoder2 + decoder2, encoder3 + decoder3, latent,
    ]
    return levels.enumerated().reduce(0) { sum, level in
      sum + level.element.reduce(0) { $0 + perPixel($1) } * (pixels >> (2 * level.offset))
    }
  }

  /// Multiply-accumulates of both products of attention.
  public func attentionMultiplyAccumulates(of extent: Extent) -> Int {
    cost(extent) { $0.attentionMultiplyAccumulatesPerPixel }
  }

  /// Multiply-accumulates of the convolutions.
  public func multiplyAccumulates(of extent: Extent) -> Int {
    let pixels = extent.enlarged(toMultipleOf: 1 << Self.levels).area
    var total = pixels * 27 * 3 * configuration.width
    total += cost(extent) { $0.multiplyAccumulatesPerPixel }
    for (level, step) in [down1, down2, down3].enumerated() {
      total += (pixels >> (2 * level)) * step.weightCount
    }
    for (level, step) in [up1, up2, up3].enumerated() {
      total += (pixels >> (2 * (level + 1))) * step.weightCount
    }
    return total + (pixels >> 2) * reduction2.weight.value.count
      + (pixels >> 4) * reduction3.weight.value.count
  }

  /// Restored pictures.
  public func restored(_ images: Variable, in context: ForwardContext) -> Variable {
    precondition(
      images.shape.count == 4 && images.shape[3] == 3, "Restormer: pictures \(images.shape)")
    let extent = Extent(height: images.shape[1], width: images.shape[2])
    let inner = extent.enlarged(toMultipleOf: 1 << Self.levels)
    let (below, right) = (inner.height - extent.height, inner.width - extent.width)
    let input = images.padded(
      bottom: below, right: right,
      mode: below < extent.height && right < extent.width ? .reflecting : .replicating)
    func joined(_ x: Variable, _ skip: Variable, _ reduction: Convolution2D?) -> Variable {
      let both = Variable.concatenated([x, skip], axis: 3)
      return reduction.map { $0(both, in: context) } ?? both
    }
    let level1 = encoder1.running(on: embedding(input, in: context), in: context)
    let level2 = encoder2.running(on: down1.halved(level1, in: context), in: context)
    let level3 = encoder3.running(on: down2.halved(level2, in: context), in: context)
    var x = latent.running(on: down3.halved(level3, in: context), in: context)
    x = decoder3.running(on: joined(up3.doubled(x, in: context), level3, reduction3), in: context)
    x = decoder2.running(on: joined(up2.doubled(x, in: context), level2, reduction2), in: context)
    x = decoder1.running(on: joined(up1.doubled(x, in: context), level1, nil), in: context)
    x = output(refinement.running(on: x, in: context), in: context) + input
    return x.cropped(height: extent.height, width: extent.width)
  }
}

/// The first convolution, named as in the published files.
private final class OverlappingEmbedding: Module {
  private let proj: Convolution2D

  init(_ width: Int, random: inout RandomStream) {
    proj = Convolution2D(
      3, width, kernel: 3, padding: 1, initialization: .uniformFanIn, random: &random)
  }

  func callAsFunction(_ input: Variable, in context: ForwardContext) -> Variable {
    proj(input, in: context)
  }
}

/// A 3×3 convolution before pixels become channels or channels become pixels.
private final class Resampling: Module {
  private let body: Body

  private final class Body: Module {
    @Key("0") var convolution: Convolution2D

    init(_ convolution: Convolution2D) { self.convolution = convolution }
  }

  init(_ inputs: Int, outputs: Int, random: inout RandomStream) {
    body = Body(
      Convolution2D(
        inputs, outputs, kernel: 3, padding: 1, initialization: .uniformFanIn, random: &random))
  }

  var weightCount: Int { body.convolution.weight.value.count }

  func halved(_ input: Variable, in context: ForwardContext) -> Variable {
    body.convolution(input, in: context).pixelUnshuffled(2)
  }

  func doubled(_ input: Variable, in context: ForwardContext) -> Variable {
    body.convolution(input, in: context).pixelShuffled(2)
  }
}
