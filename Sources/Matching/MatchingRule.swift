/// How the crops of two frames are paired by their similarity.
public enum MatchingRule: String, Sendable, Hashable, Codable, CaseIterable {
  /// The one-to-one assignment with the largest sum, with min(rows, columns) pairs.
  case assignment
  /// Every row takes its best column; columns may be taken more than once.
  case rowMaximum = "row-maximum"
  /// Only rows and columns that are each other's best are paired.
  case mutualNearest = "mutual-nearest"

  /// Pairs rows and columns by this rule.
  ///
  /// - Parameters:
  ///   - similarity: `[rows, columns]`, row-major, any finite values.
  ///   - rows: Number of rows, which may be 0.
  ///   - columns: Number of columns, which may be 0.
  ///   - name: What the matrix belongs to, for the error message.
  /// - Returns: For each row its column, or -1 for a row without a partner.
  /// - Throws: ``MatchingError/notFinite(name:row:column:value:)`` for NaN or infinity.
  public func match(
    _ similarity: UnsafeBufferPointer<Float>, rows: Int, columns: Int,
    named name: String = "crops"
  ) throws(MatchingError) -> [Int] {
    switch self {
    case .assignment:
      try maximumWeightAssignment(similarity, rows: rows, columns: columns, named: name)
    case .rowMaximum:
      try rowMaximumAssignment(similarity, rows: rows, columns: columns, named: name)
    case .mutualNearest:
      try mutualNearestAssignment(similarity, rows: rows, columns: columns, named: name)
    }
  }

  /// Pairs rows and columns by this rule.
  ///
  /// The form for arrays of `match(_:rows:columns:named:)`.
  public func match(
    _ similarity: [Float], rows: Int, columns: Int, named name: String = "crops"
  ) throws(MatchingError) -> [Int] {
    try similarity.withUnsafeBufferPointer { (buffer) throws(MatchingError) -> [Int] in
      try match(buffer, rows: rows, columns: columns, named: name)
    }
  }
}
