#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The eigenvalues and eigenvectors of a small symmetric matrix, by Jacobi's rotations.
struct SymmetricEigenvalues {
  /// Eigenvalues, in no order.
  private(set) var values: [Double]
  /// `[size, size]`: eigenvectors in columns.
  private var vectors: [Double]
  private let size: Int

  /// Rotates until what stands beside the diagonal is rounding.
  init(_ matrix: [Double], size: Int) {
    precondition(matrix.count == size * size, "SymmetricEigenvalues: \(matrix.count) for \(size)")
    self.size = size
    var a = matrix
    vectors = (0..<(size * size)).map { $0 / size == $0 % size ? 1 : 0 }
    let total = matrix.reduce(0) { $0 + $1 * $1 }
    for _ in 0..<30 {
      var beside = 0.0
      for row in 0..<size {
        for column in 0..<size where row != column {
          beside += a[row * size + column] * a[row * size + column]
        }
      }
      if beside <= 1e-24 * total { break }
      for p in 0..<size {
        for q in (p + 1)..<max(size, p + 1) where a[p * size + q] != 0 {
          let theta = (a[q * size + q] - a[p * size + p]) / (2 * a[p * size + q])
          let t = (theta >= 0 ? 1 : -1) / (abs(theta) + (theta * theta + 1).squareRoot())
          let c = 1 / (t * t + 1).squareRoot()
          let s = t * c
          for k in 0..<size {
            let (left, right) = (a[k * size + p], a[k * size + q])
            a[k * size + p] = c * left - s * right
            a[k * size + q] = s * left + c * right
          }
          for k in 0..<size {
            let (upper, lower) = (a[p * size + k], a[q * size + k])
            a[p * size + k] = c * upper - s * lower
            a[q * size + k] = s * upper + c * lower
          }
          for k in 0..<size {
            let (left, right) = (vectors[k * size + p], vectors[k * size + q])
            vectors[k * size + p] = c * left - s * right
            vectors[k * size + q] = s * left + c * right
          }
        }
      }
    }
    values = (0..<size).map { a[$0 * size + $0] }
  }

  /// The matrix with the same vectors and other values, `V diag(values) Vᵀ`.
  func function(_ values: [Double]) -> [Double] {
    (0..<(size * size)).map { place in
      (0..<size).reduce(0) {
        $0 + vectors[place / size * size + $1] * values[$1] * vectors[place % size * size + $1]
      }
    }
  }
}

/// The cosine of an angle.
func cosine(_ angle: Double) -> Double { cos(angle) }

/// The sine of an angle.
func sine(_ angle: Double) -> Double { sin(angle) }
