/// What can be wrong with the data given to the assignment solver.
public enum MatchingError: Error, Sendable, CustomStringConvertible {
  /// An entry of the matrix called `name` is NaN or infinite.
  case notFinite(name: String, row: Int, column: Int, value: Float)
  /// There was no memory for the solver's working space.
  case outOfMemory(name: String, rows: Int, columns: Int)

  /// What, where, why, and what to do, in one sentence.
  public var description: String {
    switch self {
    case .notFinite(let name, let row, let column, let value):
      return "Cannot match \(name): the similarity of row \(row) and column \(column) is \(value); "
        + "the features they come from are not finite, so lower the learning rate or look for "
        + "broken images there."
    case .outOfMemory(let name, let rows, let columns):
      return "Cannot match \(name): no memory for a \(rows)×\(columns) assignment; "
        + "match fewer crops at once."
    }
  }
}
