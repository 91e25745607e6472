internal import CKernels
internal import CMetrics

/// Linear discriminant analysis: the directions in which classes differ most against how much one class
/// varies within itself.
///
/// With the scatter `S = 1/N Σ (x − μ_class)(x − μ_class)ᵀ` of rows of unit length, shrunk towards a
/// multiple of the identity, and its root `S' = L Lᵀ`,
///
/// ```
/// S' = (1 − s) S + s (trace S / width) I
/// z  = Qᵀ L⁻¹ (x − μ)          Q: an orthonormal basis of the classes' means L⁻¹ (μ_class − μ)
/// ```
///
/// so that within-class scatter is the identity in `z`. Cosines of `z` do not depend on the choice of Q.
///
/// **Source**: R. Fisher, "The use of multiple measurements in taxonomic problems", 1936, with the shrunk
/// covariance of O. Ledoit and M. Wolf, 2004. Without shrinkage equal to scikit-learn's
/// `LinearDiscriminantAnalysis` up to a rotation; with it scikit-learn's eigen solver also shrinks the total
/// scatter, which is not done here.
public struct LinearDiscriminant: Sendable {
  /// Length of a described row.
  public let width: Int
  /// Length of a projected row: one less than the classes, or fewer where their means coincide.
  public let projectedWidth: Int
  /// Classes it was fitted on.
  public let classCount: Int
  /// Rows it was fitted on.
  public let rowCount: Int
  private let mean: [Float]
  /// `[width, projectedWidth]`.
  private let projection: [Float]

  /// Share of the identity in the scatter: of a few tried on rendered people the strongest stood between
  /// 0.3 and 0.5, and 0.1 was weaker.
  public static let defaultShrinkage = 0.3

  /// Fits the directions.
  ///
  /// - Parameters:
  ///   - features: `[rows, width]`, of any length each; they are brought to unit length first.
  ///   - width: length of a row.
  ///   - classes: the class of each row, any numbers.
  ///   - shrinkage: share of the identity, above 0 to 1.
  /// - Throws: ``MetricsError`` without rows, for a value that is not finite, or for a single class.
  public init(
    features: [Float], width: Int, classes: [Int], shrinkage: Double = Self.defaultShrinkage
  ) throws(MetricsError) {
    let rows = classes.count
    precondition(
      width > 0 && features.count == rows * width && shrinkage > 0 && shrinkage <= 1,
      "LinearDiscriminant: \(features.count) values for \(rows) rows of \(width), shrinkage "
        + "\(shrinkage)")
    if rows == 0 { throw .empty(set: "pictures to fit on") }
    if let place = features.firstIndex(where: { !$0.isFinite }) {
      throw .notFinite(set: "pictures to fit on", image: place / width)
    }
    var places: [Int: Int] = [:]
    for value in Set(classes).sorted() { places[value] = places.count }
    if places.count < 2 { throw .noPairs(kind: "impostor") }
    self.width = width
    classCount = places.count
    rowCount = rows
    var unit = Self.units(features, width: width)
    var mean = [Double](repeating: 0, count: width)
    var sums = [Double](repeating: 0, count: places.count * width)
    var counts = [Double](repeating: 0, count: places.count)
    for row in 0..<rows {
      let own = places[classes[row]] ?? 0
      counts[own] += 1
      for column in 0..<width {
        let value = Double(unit[row * width + column])
        mean[column] += value / Double(rows)
        sums[own * width + column] += value
      }
    }
    for row in 0..<rows {
      let own = places[classes[row]] ?? 0
      for column in 0..<width {
        unit[row * width + column] -= Float(sums[own * width + column] / counts[own])
      }
    }
    var root = Self.scatter(unit, rows: rows, width: width, shrinkage)
    // Shrinkage keeps pivots above 0; rounding of a nearly singular scatter may not.
    cx_cholesky(&root, Int64(width), 1e-12)
    var basis: [[Double]] = []
    for own in 0..<places.count {
      var direction = (0..<width).map { sums[own * width + $0] / counts[own] - mean[$0] }
      cx_solve_lower(root, Int64(width), &direction)
      Self.append(direction, to: &basis)
    }
    var projection = [Float](repeating: 0, count: width * basis.count)
    for (place, vector) in basis.enumerated() {
      var direction = vector
      cx_solve_upper(root, Int64(width), &direction)
      for column in 0..<width {
        projection[column * basis.count + place] = Float(direction[column])
      }
    }
    projectedWidth = basis.count
    self.mean = mean.map { Float($0) }
    self.projection = projection
  }

  /// Projects rows.
  ///
  /// **Shape**: `[rows, width]`, of any length each → `[rows, projectedWidth]`.
  public func projected(_ features: [Float]) -> [Float] {
    precondition(
      features.count % width == 0,
      "LinearDiscriminant: \(features.count) values are no rows of \(width)")
    var rows = Self.units(features, width: width)
    for place in rows.indices { rows[place] -= mean[place % width] }
    let count = rows.count / width
    var result = [Float](repeating: 0, count: count * projectedWidth)
    guard count > 0, projectedWidth > 0 else { return result }
    ck_gemm(
      false, false, Int64(count), Int64(projectedWidth), Int64(width), 1, rows, Int64(width),
      projection, Int64(projectedWidth), 0, &result, Int64(projectedWidth))
    return result
  }

  private static func units(_ features: [Float], width: Int) -> [Float] {
    let scales = inverseLengths(features, width: width)
    return features.indices.map { features[$0] * scales[$0 / width] }
  }

  /// The shrunk scatter of centred rows.
  private static func scatter(
    _ rows: [Float], rows count: Int, width: Int, _ shrinkage: Double
  ) -> [Double] {
    var product = [Float](repeating: 0, count: width * width)
    ck_gemm(
      true, false, Int64(width), Int64(width), Int64(count), 1 / Float(count), rows, Int64(width),
      rows, Int64(width), 0, &product, Int64(width))
    var trace = 0.0
    for column in 0..<width { trace += Double(product[column * width + column]) }
    // Classes of one picture each vary by nothing; any multiple of the identity will do.
    let share = trace > 0 ? shrinkage * trace / Double(width) : 1
    var result = product.map { (1 - shrinkage) * Double($0) }
    for column in 0..<width { result[column * width + column] += share }
    return result
  }

  /// Adds what a vector has outside the span of a basis, if it is more than rounding.
  private static func append(_ vector: [Double], to basis: inout [[Double]]) {
    let before = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
    var rest = vector
    // Twice is enough: the second pass takes away what rounding left in the first.
    for _ in 0..<2 {
      for other in basis { cx_remove_direction(&rest, other, Int64(rest.count)) }
    }
    let length = rest.reduce(0) { $0 + $1 * $1 }.squareRoot()
    guard length > 1e-6 * max(before, 1e-12) else { return }
    basis.append(rest.map { $0 / length })
  }
}
