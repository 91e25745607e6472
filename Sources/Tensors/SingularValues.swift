import CKernels

/// The leading part of a singular value decomposition, `M ≈ U diag(σ) Vᵀ`.
public struct SingularValues: Sendable {
  /// U, `[rows, rank]`, orthonormal columns.
  public let left: Tensor
  /// σ, falling.
  public let values: [Float]
  /// Vᵀ, `[rank, columns]`, orthonormal rows.
  public let right: Tensor

  /// Widest smaller side that is decomposed in full; above it the leading part is found by projection.
  static let widestFull = 1024

  /// Decomposes a tensor seen as a matrix `[shape[0], rest]`.
  ///
  /// - Parameter rank: how many components to keep; `nil` for all. Small ranks of large matrices are
  ///   found by a randomised projection with two power iterations, in a small part of the time.
  /// **Source**: N. Halko, P.-G. Martinsson, J. Tropp, "Finding structure with randomness", 2011.
  public init(of matrix: Tensor, rank: Int? = nil) {
    let rows = matrix.shape.first ?? 1
    let columns = matrix.count / max(rows, 1)
    let smaller = min(rows, columns)
    precondition(smaller >= 1, "SingularValues: a matrix of shape \(matrix.shape)")
    let kept = min(rank ?? smaller, smaller)
    let flat = matrix.reshaped([rows, columns])
    let sketch = kept + 10
    if smaller > Self.widestFull, sketch * 4 < smaller {
      self = Self.projected(flat, rank: kept, sketch: sketch)
    } else {
      self = Self.full(flat).leading(kept)
    }
  }

  init(left: Tensor, values: [Float], right: Tensor) {
    self.left = left
    self.values = values
    self.right = right
  }

  private static func full(_ matrix: Tensor) -> SingularValues {
    let (rows, columns) = (matrix.shape[0], matrix.shape[1])
    let smaller = min(rows, columns)
    var copy = matrix
    var left = Tensor(uninitialized: [rows, smaller])
    var right = Tensor(uninitialized: [smaller, columns])
    var values = [Float](repeating: 0, count: smaller)
    let converged = left.withMutablePointer { u in
      right.withMutablePointer { v in
        copy.withMutablePointer { ck_svd(u, &values, v, $0, Int64(rows), Int64(columns)) }
      }
    }
    precondition(converged, "SingularValues: a matrix \(matrix.shape) with NaN or infinite entries")
    return SingularValues(left: left, values: values, right: right)
  }

  /// The first components.
  public func leading(_ rank: Int) -> SingularValues {
    guard rank < values.count else { return self }
    let (rows, all) = (left.shape[0], values.count)
    let narrow = Tensor(shape: [rows, rank]) { target in
      left.withPointer {
        ck_copy_strided(
          target, Int64(rank), $0, Int64(all), Int64(rows), Int64(rank), false)
      }
    }
    return SingularValues(
      left: narrow, values: Array(values.prefix(rank)), right: right.rows(0..<rank))
  }

  private static func projected(_ matrix: Tensor, rank: Int, sketch: Int) -> SingularValues {
    let columns = matrix.shape[1]
    var random = RandomStream(seed: 1).split("sketch")
    // Rows of the sketch span the rows' space of M: Q ← orth(Ω M), twice through Mᵀ and M.
    var basis = random.normal(shape: [sketch, matrix.shape[0]], deviation: 1)
      .multipliedMatrix(matrix)
    basis.makeRowsOrthonormal()
    for _ in 0..<2 {
      var other = basis.multipliedMatrix(matrix, transposingOther: true)
      other.makeRowsOrthonormal()
      basis = other.multipliedMatrix(matrix)
      basis.makeRowsOrthonormal()
    }
    // M ≈ (M Qᵀ) Q, and the thin factor is decomposed in full.
    let thin = full(matrix.multipliedMatrix(basis, transposingOther: true))
    let right = thin.right.multipliedMatrix(basis)
    precondition(right.shape == [sketch, columns])
    return SingularValues(left: thin.left, values: thin.values, right: right).leading(rank)
  }
}

extension Tensor {
  /// The product of two matrices.
  public func multipliedMatrix(_ other: Tensor, transposingOther: Bool = false) -> Tensor {
    precondition(
      rank == 2 && other.rank == 2 && other.shape[transposingOther ? 1 : 0] == shape[1],
      "multipliedMatrix: \(shape) and \(other.shape)")
    let columns = other.shape[transposingOther ? 0 : 1]
    return Tensor(shape: [shape[0], columns]) { target in
      withPointer { a in
        other.withPointer { b in
          ck_gemm(
            false, transposingOther, Int64(shape[0]), Int64(columns), Int64(shape[1]), 1, a,
            Int64(shape[1]), b, Int64(other.shape[1]), 0, target, Int64(columns))
        }
      }
    }
  }

  mutating func makeRowsOrthonormal() {
    let (rows, columns) = (Int64(shape[0]), Int64(shape[1]))
    let converged = withMutablePointer { ck_orthonormal_rows($0, rows, columns) }
    precondition(converged, "makeRowsOrthonormal: \(shape)")
  }
}
