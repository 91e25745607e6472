internal import CMatching

/// Finds the one-to-one assignment with the largest sum of similarities.
///
/// ```
/// maximise Σ similarity[row, assignment[row]]   over one-to-one assignments of min(rows, columns) pairs
/// ```
///
/// The assignment always has full cardinality: a pair with a negative similarity is kept rather
/// than dropped, and only the surplus of the longer side is left over. The result is exact (the sum
/// is formed in Float64) and depends on nothing but the matrix: among equally good columns a search
/// takes a free one first, then the lowest.
///
/// - Parameters:
///   - similarity: `[rows, columns]`, row-major, any finite values; read in place.
///   - rows: Number of rows, which may be 0.
///   - columns: Number of columns, which may be 0.
///   - name: What the matrix belongs to, such as a clip, for the error message.
/// - Returns: For each row its column, or -1 for a row left over.
/// - Throws: ``MatchingError/notFinite(name:row:column:value:)`` for NaN or infinity.
///
/// **Source**: R. Jonker and A. Volgenant, "A shortest augmenting path algorithm for dense and
/// sparse linear assignment problems", Computing 38 (1987), here for rectangular matrices too.
public func maximumWeightAssignment(
  _ similarity: UnsafeBufferPointer<Float>, rows: Int, columns: Int, named name: String = "crops"
) throws(MatchingError) -> [Int] {
  checkShape(similarity.count, rows: rows, columns: columns)
  guard let values = similarity.baseAddress, rows > 0, columns > 0 else {
    return [Int](repeating: -1, count: rows)
  }
  var badIndex: Int64 = -1
  var columnOfRow = [Int32](repeating: -1, count: rows)
  let status = columnOfRow.withUnsafeMutableBufferPointer { buffer in
    cm_maximum_weight_assignment(
      values, Int32(rows), Int32(columns), buffer.baseAddress, &badIndex)
  }
  switch Int(status) {
  case CM_DONE:
    return columnOfRow.map(Int.init)
  case CM_NOT_FINITE:
    throw notFinite(similarity, index: Int(badIndex), columns: columns, named: name)
  default:
    throw .outOfMemory(name: name, rows: rows, columns: columns)
  }
}

/// Finds the one-to-one assignment with the largest sum of similarities.
///
/// The form for arrays of `maximumWeightAssignment(_:rows:columns:named:)`.
public func maximumWeightAssignment(
  _ similarity: [Float], rows: Int, columns: Int, named name: String = "crops"
) throws(MatchingError) -> [Int] {
  try similarity.withUnsafeBufferPointer { (buffer) throws(MatchingError) -> [Int] in
    try maximumWeightAssignment(buffer, rows: rows, columns: columns, named: name)
  }
}

/// Stops a call whose matrix does not have the announced size.
func checkShape(_ count: Int, rows: Int, columns: Int) {
  precondition(
    rows >= 0 && columns >= 0 && rows <= Int32.max && columns <= Int32.max
      && count == rows * columns,
    "matching: a [\(rows), \(columns)] matrix needs \(rows) × \(columns) values, got \(count)")
}

/// The error for the entry at a flat index.
func notFinite(
  _ similarity: UnsafeBufferPointer<Float>, index: Int, columns: Int, named name: String
) -> MatchingError {
  .notFinite(
    name: name, row: index / columns, column: index % columns, value: similarity[index])
}
