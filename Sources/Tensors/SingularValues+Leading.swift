extension SingularValues {
  /// The first components of a matrix to nearly the precision of its numbers, in a part of the time of all.
  ///
  /// Blocks `Ω M, Ω (Mᵀ M), Ω (Mᵀ M)², …` span a space in which the leading components are found. Where one of
  /// them does not satisfy `M v = σ u` and `Mᵀ u = σ v` closely, or where the space would be nearly as wide as
  /// the matrix, all components are computed.
  /// **Source**: C. Musco, C. Musco, "Randomized Block Krylov Methods for Stronger and Faster Approximate
  /// Singular Value Decomposition", 2015, arXiv 1504.05477.
  public static func leading(_ count: Int, of matrix: Tensor) -> SingularValues {
    let rows = matrix.shape.first ?? 1
    let columns = matrix.count / max(rows, 1)
    let flat = matrix.reshaped([rows, columns])
    let (block, powers) = (count + 6, 7)
    guard block * powers * 2 <= min(rows, columns), flat.isFinite else {
      return SingularValues(of: flat, rank: count)
    }
    var random = RandomStream(seed: 1).split("krylov")
    var newest = random.normal(shape: [block, rows], deviation: 1).multipliedMatrix(flat)
    newest.makeRowsOrthonormal()
    var blocks = newest.values
    for _ in 1..<powers {
      newest = newest.multipliedMatrix(flat, transposingOther: true).multipliedMatrix(flat)
      newest.makeRowsOrthonormal()
      blocks += newest.values
    }
    var basis = Tensor(blocks, shape: [block * powers, columns])
    basis.makeRowsOrthonormal()
    let thin = SingularValues(of: flat.multipliedMatrix(basis, transposingOther: true))
    let found = SingularValues(
      left: thin.left, values: thin.values, right: thin.right.multipliedMatrix(basis)
    ).leading(count)
    return found.satisfies(flat) ? found : SingularValues(of: flat, rank: count)
  }

  /// Whether `Mᵀ u = σ v` holds closely; `M v = σ u` holds by the way the components were found.
  private func satisfies(_ matrix: Tensor) -> Bool {
    guard let largest = values.first, largest > 0 else { return false }
    let (rows, count) = (matrix.shape[0], values.count)
    let left = left.values
    let transposed = Tensor(
      (0..<count).flatMap { column in (0..<rows).map { left[$0 * count + column] } },
      shape: [count, rows])
    let products = transposed.multipliedMatrix(matrix).values
    let right = right.values
    let columns = matrix.shape[1]
    return values.indices.allSatisfy { index in
      var error = 0.0
      for column in 0..<columns {
        let place = index * columns + column
        let difference = Double(products[place]) - Double(values[index] * right[place])
        error += difference * difference
      }
      return error.squareRoot() <= 1e-3 * Double(largest)
    }
  }
}
