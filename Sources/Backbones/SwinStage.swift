import Gradients
import Layers
import Tensors

/// One stage of a Swin transformer: patches merged (but in the first stage), then blocks.
///
/// **Shape**: `[batch, height, width, channels]` → half the sides and twice the channels.
final class SwinStage: Module {
  private let downsample: PatchMerging?
  private let blocks: [SwinBlock]
  private let grid: Extent
  private let window: Extent
  private let channels: Int
  private let mlpRatio: Int

  init(_ configuration: SwinTransformer.Configuration, stage: Int, random: RandomStream) {
    let channels = configuration.width << stage
    let (window, shift) = (configuration.window(stage: stage), configuration.shift(stage: stage))
    let before = configuration.depths[..<stage].reduce(0, +)
    let depth = configuration.depths.reduce(0, +)
    blocks = (0..<configuration.depths[stage]).map { index in
      var random = random.split(index)
      return SwinBlock(
        channels: channels, heads: configuration.heads[stage], window: window,
        shift: index % 2 == 1 ? shift : Extent(height: 0, width: 0),
        mlpRatio: configuration.mlpRatio, masksBorders: configuration.masksBorders,
        dropPath: dropPathRate(configuration.dropPath, block: before + index, of: depth),
        random: &random)
    }
    var merging = random.split("merging")
    downsample = stage > 0 ? PatchMerging(channels / 2, random: &merging) : nil
    grid = configuration.grid(stage: stage)
    self.window = window
    self.channels = channels
    mlpRatio = configuration.mlpRatio
  }

  /// Number of blocks.
  var blockCount: Int { blocks.count }

  /// Runs some of the stage's blocks; the patches are merged before the first.
  func running(
    _ own: Range<Int>, on input: Variable, in context: ForwardContext
  ) -> Variable {
    let merged = own.lowerBound == 0 ? downsample.map { $0(input, in: context) } ?? input : input
    return blocks[own].running(on: merged, in: context)
  }

  /// Multiply-accumulates of the linear maps.
  var multiplyAccumulates: Int {
    let cells = grid.height * grid.width
    let merging = downsample == nil ? 0 : cells * 2 * channels * channels
    return merging + blocks.count * channels * channels
      * (4 * windowCells + 2 * mlpRatio * cells)
  }

  /// Multiply-accumulates of queries with keys and of scores with values.
  var attentionMultiplyAccumulates: Int {
    blocks.count * 2 * windowCells * window.height * window.width * channels
  }

  /// Cells with what fills the windows up.
  private var windowCells: Int {
    let unit = window
    return (grid.height + unit.height - 1) / unit.height * unit.height
      * ((grid.width + unit.width - 1) / unit.width * unit.width)
  }
}

/// A pre-norm block: attention inside windows and an MLP, each added to its input.
///
/// **Shape**: `[batch, height, width, channels]` → the same.
final class SwinBlock: Block {
  private let norm1: LayerNormalization
  @Key("attn") private var attention: WindowAttention
  private let norm2: LayerNormalization
  @Key("mlp") private var perceptron: Perceptron
  private let dropPath: Float

  init(
    channels: Int, heads: Int, window: Extent, shift: Extent, mlpRatio: Int,
    masksBorders: Bool = true, dropPath: Float = 0, random: inout RandomStream
  ) {
    norm1 = LayerNormalization(channels, epsilon: SwinTransformer.epsilon)
    norm2 = LayerNormalization(channels, epsilon: SwinTransformer.epsilon)
    self.dropPath = dropPath
    attention = WindowAttention(
      channels: channels, heads: heads, window: (window.height, window.width),
      shift: (shift.height, shift.width), masksBorders: masksBorders, random: &random)
    perceptron = Perceptron(width: channels, hidden: mlpRatio * channels, random: &random)
  }

  func callAsFunction(_ input: Variable, in context: ForwardContext) -> Variable {
    let x =
      input
      + droppingPath(attention(norm1(input, in: context), in: context), dropPath, in: context)
    return x + droppingPath(perceptron(norm2(x, in: context), in: context), dropPath, in: context)
  }
}

/// Joins squares of 2×2 cells into one with twice the channels.
///
/// Channels are joined in the order (even row, even column), (odd, even), (even, odd), (odd, odd); a
/// side of odd length is filled with zeros.
/// **Shape**: `[batch, height, width, channels]` → `[batch, height/2, width/2, 2 · channels]`.
final class PatchMerging: Module {
  private let norm: LayerNormalization
  private let reduction: Linear
  private let channels: Int

  init(_ channels: Int, random: inout RandomStream) {
    norm = LayerNormalization(4 * channels, epsilon: SwinTransformer.epsilon)
    reduction = Linear(4 * channels, 2 * channels, hasBias: false, random: &random)
    self.channels = channels
  }

  func callAsFunction(_ input: Variable, in context: ForwardContext) -> Variable {
    // Every 2×2 square is a window; a layout fills odd sides up.
    let layout = WindowLayout(height: input.shape[1], width: input.shape[2], window: (2, 2))
    let rows = (input.shape[1] + 1) / 2
    let squares = input.windows(layout)
      .reshaped([input.shape[0] * rows, layout.count / rows, 2, 2, channels])
      .permuted([0, 1, 3, 2, 4])
      .reshaped([input.shape[0], rows, layout.count / rows, 4 * channels])
    return reduction(norm(squares, in: context), in: context)
  }
}
