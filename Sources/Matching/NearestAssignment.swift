internal import CMatching

/// Gives every row its most similar column, whether or not another row takes it too.
///
/// - Parameters:
///   - similarity: `[rows, columns]`, row-major, any finite values.
///   - rows: Number of rows, which may be 0.
///   - columns: Number of columns, which may be 0.
///   - name: What the matrix belongs to, for the error message.
/// - Returns: For each row the lowest of its best columns, or -1 when there are no columns.
/// - Throws: ``MatchingError/notFinite(name:row:column:value:)`` for NaN or infinity.
public func rowMaximumAssignment(
  _ similarity: UnsafeBufferPointer<Float>, rows: Int, columns: Int, named name: String = "crops"
) throws(MatchingError) -> [Int] {
  checkShape(similarity.count, rows: rows, columns: columns)
  let badIndex = cm_first_not_finite(similarity.baseAddress, Int64(similarity.count))
  guard badIndex < 0 else {
    throw notFinite(similarity, index: Int(badIndex), columns: columns, named: name)
  }
  guard columns > 0 else { return [Int](repeating: -1, count: rows) }
  return (0..<rows).map { row in
    let start = row * columns
    var best = 0
    for column in 1..<max(columns, 1)
    where similarity[start + column] > similarity[start + best] {
      best = column
    }
    return best
  }
}

/// Gives every row its most similar column, whether or not another row takes it too.
///
/// The form for arrays of `rowMaximumAssignment(_:rows:columns:named:)`.
public func rowMaximumAssignment(
  _ similarity: [Float], rows: Int, columns: Int, named name: String = "crops"
) throws(MatchingError) -> [Int] {
  try similarity.withUnsafeBufferPointer { (buffer) throws(MatchingError) -> [Int] in
    try rowMaximumAssignment(buffer, rows: rows, columns: columns, named: name)
  }
}

/// Pairs rows and columns that are each other's most similar one.
///
/// - Parameters:
///   - similarity: `[rows, columns]`, row-major, any finite values.
///   - rows: Number of rows, which may be 0.
///   - columns: Number of columns, which may be 0.
///   - name: What the matrix belongs to, for the error message.
/// - Returns: For each row its column, or -1 where the choice is not mutual; one-to-one. Among
///   equals the lowest row and the lowest column count as the most similar one.
/// - Throws: ``MatchingError/notFinite(name:row:column:value:)`` for NaN or infinity.
public func mutualNearestAssignment(
  _ similarity: UnsafeBufferPointer<Float>, rows: Int, columns: Int, named name: String = "crops"
) throws(MatchingError) -> [Int] {
  let best = try rowMaximumAssignment(similarity, rows: rows, columns: columns, named: name)
  guard rows > 0, columns > 0 else { return best }
  var bestRow = [Int](repeating: 0, count: columns)
  for row in 1..<max(rows, 1) {
    for column in 0..<columns
    where similarity[row * columns + column] > similarity[bestRow[column] * columns + column] {
      bestRow[column] = row
    }
  }
  return best.enumerated().map { row, column in bestRow[column] == row ? column : -1 }
}

/// Pairs rows and columns that are each other's most similar one.
///
/// The form for arrays of `mutualNearestAssignment(_:rows:columns:named:)`.
public func mutualNearestAssignment(
  _ similarity: [Float], rows: Int, columns: Int, named name: String = "crops"
) throws(MatchingError) -> [Int] {
  try similarity.withUnsafeBufferPointer { (buffer) throws(MatchingError) -> [Int] in
    try mutualNearestAssignment(buffer, rows: rows, columns: columns, named: name)
  }
}
