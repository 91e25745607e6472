/// The interpolating cubic spline whose third derivative is continuous at the second and the
/// second-last knot ("not a knot").
struct CubicSpline {
  /// Ascending places of the values; four or more.
  let knots: [Double]
  /// `[knots, knots]`: second derivatives at the knots from the values there.
  private let curvature: [[Double]]

  init(knots: [Double]) {
    precondition(knots.count >= 4, "CubicSpline: \(knots.count) knots, four are needed")
    self.knots = knots
    let n = knots.count
    let h = (0..<(n - 1)).map { knots[$0 + 1] - knots[$0] }
    var left = [[Double]](repeating: [Double](repeating: 0, count: n), count: n)
    var right = left
    left[0][0] = h[1]
    left[0][1] = -(h[0] + h[1])
    left[0][2] = h[0]
    left[n - 1][n - 3] = h[n - 2]
    left[n - 1][n - 2] = -(h[n - 3] + h[n - 2])
    left[n - 1][n - 1] = h[n - 3]
    for i in 1..<(n - 1) {
      left[i][i - 1] = h[i - 1]
      left[i][i] = 2 * (h[i - 1] + h[i])
      left[i][i + 1] = h[i]
      right[i][i - 1] = 6 / h[i - 1]
      right[i][i] = -6 / h[i - 1] - 6 / h[i]
      right[i][i + 1] = 6 / h[i]
    }
    curvature = Self.solved(left, right)
  }

  /// Weights of the values at the knots for the spline's value at `place`, inside or outside the knots.
  func weights(at place: Double) -> [Double] {
    let n = knots.count
    let segment = min(max((knots.firstIndex { $0 > place } ?? n) - 1, 0), n - 2)
    let h = knots[segment + 1] - knots[segment]
    let (a, b) = ((knots[segment + 1] - place) / h, (place - knots[segment]) / h)
    var weights = (0..<n).map { index in
      ((a * a * a - a) * curvature[segment][index] + (b * b * b - b) * curvature[segment + 1][index])
        * h * h / 6
    }
    weights[segment] += a
    weights[segment + 1] += b
    return weights
  }

  /// Gaussian elimination with the largest pivot of each column.
  private static func solved(_ left: [[Double]], _ right: [[Double]]) -> [[Double]] {
    var (a, b) = (left, right)
    let n = a.count
    for column in 0..<n {
      let pivot = (column..<n).max { abs(a[$0][column]) < abs(a[$1][column]) } ?? column
      a.swapAt(column, pivot)
      b.swapAt(column, pivot)
      for row in 0..<n where row != column {
        let factor = a[row][column] / a[column][column]
        guard factor != 0 else { continue }
        for k in column..<n { a[row][k] -= factor * a[column][k] }
        for k in 0..<n { b[row][k] -= factor * b[column][k] }
      }
    }
    return (0..<n).map { row in b[row].map { $0 / a[row][row] } }
  }
}
