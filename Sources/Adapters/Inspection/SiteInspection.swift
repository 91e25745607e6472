import Foundation
import Gradients
import Layers
public import Tensors

/// What a change did to one weight: its size, its spread, and the new strong directions it put in.
///
/// A leading left singular vector of `W + ΔW` that is like none of those of W is an *intruder*: low-rank
/// runs make them, full tuning hardly, and they go with forgetting.
/// **Source**: R. Shuttleworth et al., "LoRA vs Full Fine-tuning: An Illusion of Equivalence", 2024,
/// arXiv 2410.21228, ten directions and cosine 0.5; the effective rank is that of O. Roy, M. Vetterli.
public struct SiteInspection: Sendable {
  /// A new direction.
  public struct Intruder: Sendable, Hashable {
    /// Its place among the singular values of the changed weight, from 0.
    public let index: Int
    /// Its singular value.
    public let value: Float
    /// The largest |cosine| with a left singular vector of the base.
    public let likeness: Float
  }

  /// Path of the site.
  public let path: String
  /// New directions, strongest first.
  public let intruders: [Intruder]
  /// The largest |cosine| of each leading direction with one of the base's, strongest direction first.
  public let likeness: [Float]
  /// Singular values of the changed weight that belong to ``likeness``.
  public let values: [Float]
  /// `‖ΔW‖ / ‖W‖`.
  public let relativeSize: Double
  /// `exp(−Σ p ln p)` with the shares p of the singular values of ΔW.
  public let effectiveRank: Double

  /// Inspects one weight.
  ///
  /// - Parameters:
  ///   - directions: how many leading directions are looked at.
  ///   - threshold: a direction less like the base's than this is an intruder, 0…1.
  public init(
    path: String, base: Tensor, change: Tensor, directions: Int = 10, threshold: Float = 0.5
  ) {
    self.path = path
    var changed = base
    changed.add(change)
    let before = SingularValues(of: base)
    let after = SingularValues(of: changed).leading(directions)
    // Rows: leading directions of the changed weight; columns: directions of the base.
    let cosines = Variable(after.left)
      .multiplied(by: Variable(before.left), transposingSelf: true).value
    let width = before.values.count
    let all = cosines.values
    let found = after.values.indices.map { index in
      all[index * width..<(index + 1) * width].reduce(0) { max($0, abs($1)) }
    }
    likeness = found
    values = after.values
    intruders = found.indices.filter { found[$0] < threshold }.map {
      Intruder(index: $0, value: after.values[$0], likeness: found[$0])
    }
    let size = base.summedSquares().squareRoot()
    relativeSize = size > 0 ? change.summedSquares().squareRoot() / size : 0
    effectiveRank = Self.effectiveRank(of: SingularValues(of: change).values)
  }

  private static func effectiveRank(of values: [Float]) -> Double {
    let sum = values.reduce(0.0) { $0 + Double($1) }
    guard sum > 0 else { return 0 }
    let entropy = values.reduce(0.0) { total, value in
      let share = Double(value) / sum
      return share > 0 ? total - share * Foundation.log(share) : total
    }
    return Foundation.exp(entropy)
  }

  /// The change with its intruders made weaker: `ΔW + (factor − 1) Σ σ' u' v'ᵀ`.
  ///
  /// A factor of 1 changes nothing, 0 takes the intruders out.
  public static func softened(
    _ change: Tensor, of base: Tensor, factor: Float = 0.75, directions: Int = 10,
    threshold: Float = 0.5
  ) -> Tensor {
    let inspection = SiteInspection(
      path: "", base: base, change: change, directions: directions, threshold: threshold)
    var changed = base
    changed.add(change)
    let parts = SingularValues(of: changed).leading(directions)
    var result = change
    let (rows, columns) = (base.shape[0], base.count / base.shape[0])
    let kept = parts.values.count
    let left = parts.left.values
    for intruder in inspection.intruders {
      let column = (0..<rows).map { left[$0 * kept + intruder.index] }
      let outer = Tensor(column, shape: [rows, 1])
        .multipliedMatrix(parts.right.rows(intruder.index..<intruder.index + 1))
      precondition(outer.count == rows * columns)
      result.add(outer, scaledBy: (factor - 1) * intruder.value)
    }
    return result
  }
}
