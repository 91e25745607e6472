public import Gradients
public import Tensors

/// Self-attention inside the windows of a map, each with a table of relative positions.
///
/// With a shift the map is rolled before it is cut, and cells that were no neighbours before do not see
/// each other. Maps that do not divide into windows are filled with zeros below and at the right.
/// **Shape**: `[batch, height, width, channels]` → the same.
/// **Source**: Z. Liu et al., "Swin Transformer: Hierarchical Vision Transformer using Shifted Windows",
/// 2021, arXiv 2103.14030, section 3.2.
public final class WindowAttention: Module {
  @Key("") private var attention: SelfAttention
  private let window: (height: Int, width: Int)
  private let shift: (height: Int, width: Int)
  private let masksBorders: Bool

  /// Makes a layer.
  ///
  /// - Parameters:
  ///   - channels: channels of a cell.
  ///   - heads: attention heads.
  ///   - window: cells of a window.
  ///   - shift: cells by which the map is rolled up and to the left.
  ///   - hasBias: whether query, key and value have a bias.
  ///   - masksBorders: whether cells from opposite ends of the map are kept apart; off only for
  ///     weights that were trained without.
  ///   - random: where the starting values come from; the table ~ N(0, 0.02²).
  public init(
    channels: Int, heads: Int, window: (height: Int, width: Int),
    shift: (height: Int, width: Int) = (0, 0), hasBias: Bool = true, masksBorders: Bool = true,
    random: inout RandomStream
  ) {
    self.window = window
    self.shift = shift
    self.masksBorders = masksBorders
    let positions = RelativePositionBias(rows: window.height, columns: window.width, heads: heads)
    var tables = random.split("table")
    positions.draw(deviation: 0.02, random: &tables)
    attention = SelfAttention(
      width: channels, heads: heads, bias: hasBias ? .all : .none, relativePositions: positions,
      random: &random)
  }

  /// Lets every cell look at its window.
  public func callAsFunction(_ map: Variable, in context: ForwardContext) -> Variable {
    let layout = WindowLayout(
      height: map.shape[1], width: map.shape[2], window: window, shift: shift)
    let mixed = attention(
      map.windows(layout), masks: masksBorders ? layout.masks : nil, in: context)
    return mixed.joinedWindows(layout)
  }
}
