/// Rows of a matrix that are mostly zero: ascending column indices with their values.
struct SparseRows: Sendable {
  private(set) var starts = [0]
  private(set) var columns: [Int32] = []
  private(set) var values: [Float] = []

  /// Number of rows.
  var count: Int { starts.count - 1 }

  /// Adds a row.
  mutating func append(_ entries: some Sequence<(column: Int, value: Float)>) {
    for entry in entries {
      columns.append(Int32(entry.column))
      values.append(entry.value)
    }
    starts.append(columns.count)
  }

  /// Calls `body` with the column and the value of every entry of a row.
  @inline(__always)
  func forEach(in row: Int, _ body: (_ column: Int, _ value: Float) -> Void) {
    for place in starts[row]..<starts[row + 1] { body(Int(columns[place]), values[place]) }
  }

  /// The rows numbered `first` and up, turned into columns: entry (r, c) becomes (c, r − first).
  func transposed(columnCount: Int, from first: Int) -> SparseRows {
    var result = SparseRows()
    result.starts = [Int](repeating: 0, count: columnCount + 1)
    for place in starts[first]..<columns.count { result.starts[Int(columns[place]) + 1] += 1 }
    for column in 0..<columnCount { result.starts[column + 1] += result.starts[column] }
    let size = result.starts[columnCount]
    result.columns = [Int32](repeating: 0, count: size)
    result.values = [Float](repeating: 0, count: size)
    var next = result.starts
    for row in first..<count {
      for place in starts[row]..<starts[row + 1] {
        let column = Int(columns[place])
        result.columns[next[column]] = Int32(row - first)
        result.values[next[column]] = values[place]
        next[column] += 1
      }
    }
    return result
  }
}
