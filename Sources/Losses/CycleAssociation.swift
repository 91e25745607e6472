public import Gradients
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The cycle-association loss: going from frame X to frame Y and back should end where it began.
///
/// With S = X Yᵀ (sides swapped so that X is the smaller), A = rowsoftmax(T_M S) and
/// B = rowsoftmax(T_N Sᵀ) with inverse temperature `T_n = ln(n + 1) / ε` for n candidates, the cycle
/// C = A B should be the identity: per i the largest wrong entry of its row and of its column must stay
/// below the diagonal by a margin; summed and divided by the number of rows.
/// **Source**: Z. Wang et al., "CycAs", 2020, in the form of public re-implementations.
public struct CycleAssociation: Sendable {
  /// ε of the temperature.
  public var epsilon: Float
  /// Margin of both hinges.
  public var margin: Float

  /// Makes the loss.
  public init(epsilon: Float = 0.5, margin: Float = 0.5) {
    self.epsilon = epsilon
    self.margin = margin
  }

  /// The cycle C of one frame pair of unit rows: how likely each crop of the smaller frame is come back to
  /// from each.
  ///
  /// **Shape**: `[n, width]` and `[m, width]` → `[k, k]`, k the smaller of n and m.
  public func cycle(_ first: Variable, _ second: Variable) -> Variable {
    let (x, y) = first.shape[0] <= second.shape[0] ? (first, second) : (second, first)
    let (n, m) = (x.shape[0], y.shape[0])
    precondition(n > 0, "CycleAssociation: an empty frame has no cycle")
    let forward = x.multiplied(by: y, transposingOther: true) * (log(Float(m) + 1) / epsilon)
    let back = y.multiplied(by: x, transposingOther: true) * (log(Float(n) + 1) / epsilon)
    return forward.softmax().multiplied(by: back.softmax())
  }

  /// Evaluates one frame pair of unit rows.
  ///
  /// **Shape**: `[n, width]` and `[m, width]` → scalar.
  public func callAsFunction(_ first: Variable, _ second: Variable) -> Variable {
    let cycle = cycle(first, second)
    let n = cycle.shape[0]
    guard n > 1 else { return (cycle * 0).summed() }
    let values = cycle.value.values
    // The largest wrong entries are chosen on values; the gradient flows through the chosen ones.
    var wrongInRow: [Int] = []
    var wrongInColumn: [Int] = []
    for i in 0..<n {
      let others = (0..<n).filter { $0 != i }
      wrongInRow.append(
        others.map { i * n + $0 }.max { values[$0] < values[$1] } ?? i)
      wrongInColumn.append(
        others.map { $0 * n + i }.max { values[$0] < values[$1] } ?? i)
    }
    let entries = cycle.reshaped([n * n, 1])
    let diagonal = entries.gathered((0..<n).map { $0 * n + $0 })
    let offset = Variable(Tensor(repeating: margin, shape: [n, 1]))
    let rowHinge = (entries.gathered(wrongInRow) - diagonal + offset).rectified()
    let columnHinge = (entries.gathered(wrongInColumn) - diagonal + offset).rectified()
    return (rowHinge + columnHinge).summed() * (1 / Float(n))
  }
}
