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

  /// Number of intruders, relative size and effective rank, for a table.
  public var figures: [String] {
    func rounded(_ number: Double, _ unit: Double) -> String {
      "\((number * unit).rounded() / unit)"
    }
    return ["\(intruders.count)", rounded(relativeSize, 10_000), rounded(effectiveRank, 10)]
  }

  /// The leading components of the changed weight.
  let leading: SingularValues

  /// Inspects one weight.
  ///
  /// Only leading components are computed where they decide; all of them are where they do not.
  ///
  /// - Parameters:
  ///   - directions: how many leading directions are looked at.
  ///   - threshold: a direction less like the base's than this is an intruder, 0…1.
  public init(
    path: String, base: Tensor, change: Tensor, directions: Int = 10, threshold: Float = 0.5
  ) {
    self.init(
      path: path, base: base, change: change, spectrum: nil, directions: directions,
      threshold: threshold)
  }

  /// Inspects one weight whose change may be known as two thin factors.
  init(
    path: String, base: Tensor, change: Tensor, thin: LowRankForm?, directions: Int = 10,
    threshold: Float = 0.5
  ) {
    self.init(
      path: path, base: base, change: change, spectrum: thin?.singularValues,
      directions: directions, threshold: threshold)
  }

  private init(
    path: String, base: Tensor, change: Tensor, spectrum: [Float]?, directions: Int,
    threshold: Float
  ) {
    self.path = path
    var changed = base
    changed.add(change)
    leading = SingularValues.leading(directions, of: changed)
    let found = Self.likeness(of: leading.left, base: base, threshold: threshold)
    likeness = found
    let values = leading.values
    self.values = values
    intruders = found.indices.filter { found[$0] < threshold }.map {
      Intruder(index: $0, value: values[$0], likeness: found[$0])
    }
    let size = base.summedSquares().squareRoot()
    relativeSize = size > 0 ? change.summedSquares().squareRoot() / size : 0
    effectiveRank = Self.effectiveRank(of: spectrum ?? SingularValues(of: change).values)
  }

  /// The largest |cosine| of each direction with a left singular vector of the base.
  ///
  /// The leading vectors of the base nearly always decide: what a direction has outside of them is less
  /// than the likeness found, or than the threshold. Where it is more, all vectors are computed.
  private static func likeness(of left: Tensor, base: Tensor, threshold: Float) -> [Float] {
    let count = left.shape[1]
    func cosines(_ vectors: SingularValues) -> [[Float]] {
      let all = Variable(left).multiplied(by: Variable(vectors.left), transposingSelf: true).value
        .values
      let width = vectors.values.count
      return (0..<count).map { all[$0 * width..<($0 + 1) * width].map { abs($0) } }
    }
    let some = cosines(.leading(2 * count, of: base))
    let isDecided = some.allSatisfy { row in
      let largest = row.max() ?? 0
      let outside = (1 - row.reduce(0) { $0 + $1 * $1 }).squareRootOrZero
      return outside <= max(largest, threshold)
    }
    return (isDecided ? some : cosines(SingularValues(of: base))).map { $0.max() ?? 0 }
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
    SiteInspection(
      path: "", base: base, change: change, directions: directions, threshold: threshold
    ).softened(change, of: base, factor: factor)
  }

  /// The change that was inspected with its intruders made weaker.
  func softened(_ change: Tensor, of base: Tensor, factor: Float) -> Tensor {
    let parts = leading
    var result = change
    let (rows, columns) = (base.shape[0], base.count / base.shape[0])
    let kept = parts.values.count
    let left = parts.left.values
    for intruder in intruders {
      let column = (0..<rows).map { left[$0 * kept + intruder.index] }
      let outer = Tensor(column, shape: [rows, 1])
        .multipliedMatrix(parts.right.rows(intruder.index..<intruder.index + 1))
      precondition(outer.count == rows * columns)
      result.add(outer, scaledBy: (factor - 1) * intruder.value)
    }
    return result
  }
}

extension Float {
  /// The square root, 0 for what rounding made negative.
  fileprivate var squareRootOrZero: Float { self > 0 ? squareRoot() : 0 }
}

extension LowRankForm {
  /// Singular values of `scale · B A`, from decompositions of the thin factors alone.
  ///
  /// Factors of groups do not make one product.
  var singularValues: [Float] {
    let left = SingularValues(of: up)
    // B A = U (S Vᵀ A), and U has orthonormal columns.
    let inner = left.right.scalingRows(by: left.values)
      .multipliedMatrix(down.reshaped([down.shape[0], down.count / max(down.shape[0], 1)]))
    return SingularValues(of: inner).values.map { abs(scale) * $0 }
  }

  /// The rows of some outputs.
  func outputs(_ range: Range<Int>) -> LowRankForm {
    LowRankForm(down: down, up: up.rows(range), scale: scale)
  }
}
