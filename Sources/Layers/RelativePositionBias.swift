public import Gradients
public import Tensors

/// A learned score offset for every distance between two cells of a grid, and head.
///
/// **Shape**: table `[(2·rows−1)(2·columns−1), heads]`, with a class token three rows more: class to
/// cell, cell to class, class to class → offsets `[1, heads, tokens, tokens]`.
/// **Source**: Z. Liu et al., "Swin Transformer", 2021, arXiv 2103.14030, equation 4; the rows of the
/// class token: H. Bao et al., "BEiT", 2022, arXiv 2106.08254.
public final class RelativePositionBias: Module {
  /// Name of the table in a network's paths, behind the last dot.
  public static let tableName = "relative_position_bias_table"

  @Key(RelativePositionBias.tableName) private var table: Parameter
  private let indices: [Int]
  private let tokens: Int
  private let heads: Int

  /// Makes a table of zeros for a grid.
  public init(rows: Int, columns: Int, heads: Int, hasClassToken: Bool = false) {
    let prefix = hasClassToken ? 1 : 0
    let count = Self.distances(rows, columns) + 3 * prefix
    let tokens = prefix + rows * columns
    var indices = [Int](repeating: 0, count: tokens * tokens)
    for a in 0..<(rows * columns) {
      for b in 0..<(rows * columns) {
        let down = a / columns - b / columns + rows - 1
        let across = a % columns - b % columns + columns - 1
        indices[(a + prefix) * tokens + b + prefix] = down * (2 * columns - 1) + across
      }
    }
    if hasClassToken {
      for other in 1..<tokens {
        indices[other] = count - 3
        indices[other * tokens] = count - 2
      }
      indices[0] = count - 1
    }
    self.indices = indices
    self.tokens = tokens
    self.heads = heads
    table = Parameter(Tensor(zeros: [count, heads]), decays: false)
  }

  /// Number of different distances on a grid.
  public static func distances(_ rows: Int, _ columns: Int) -> Int {
    (2 * rows - 1) * (2 * columns - 1)
  }

  /// Draws the table anew from N(0, deviation²).
  public func draw(deviation: Float, random: inout RandomStream) {
    table.value = random.normal(shape: table.value.shape, deviation: deviation)
  }

  /// Looks the offsets up.
  public func callAsFunction(in context: ForwardContext) -> Variable {
    context.variable(table).gathered(indices)
      .reshaped([1, tokens, tokens, heads])
      .permuted([0, 3, 1, 2])
  }
}
