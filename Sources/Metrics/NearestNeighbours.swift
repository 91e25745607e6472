internal import CMetrics

/// One image near another.
public struct Neighbour: Sendable, Hashable, Codable {
  /// Index of the image.
  public var index: Int
  /// Distance to it.
  public var distance: Float
}

/// The nearest gallery images of every query, nearest first, ties by index.
///
/// - Parameters:
///   - distances: Where the distances come from.
///   - count: How many neighbours a query gets; fewer when the gallery is smaller.
///   - blockRows: Most query rows held at once.
/// - Returns: `[queries]` lists.
public func nearestNeighbours(
  _ distances: some DistanceSource, count: Int, blockRows: Int = 256
) -> [[Neighbour]] {
  precondition(count >= 0 && blockRows > 0, "nearestNeighbours: count and block must be positive")
  let gallery = distances.galleryCount
  let rows = max(1, min(blockRows, (1 << 24) / max(gallery, 1), distances.queryCount))
  var block = [Float](repeating: 0, count: rows * gallery)
  var lists: [[Neighbour]] = []
  for start in stride(from: 0, to: distances.queryCount, by: rows) {
    let range = start..<min(start + rows, distances.queryCount)
    block.withUnsafeMutableBufferPointer { buffer in
      let part = UnsafeMutableBufferPointer(rebasing: buffer[..<(range.count * gallery)])
      distances.writeDistances(of: range, into: part)
      lists += smallest(inRowsOf: UnsafeBufferPointer(part), columns: gallery, count: count)
    }
  }
  return lists
}

/// The smallest finite values of a row in the order of (value, index).
func smallest(_ row: UnsafeBufferPointer<Float>, count: Int) -> [Neighbour] {
  let wanted = min(count, row.count)
  var values = [Float](repeating: 0, count: wanted)
  var indices = [Int32](repeating: 0, count: wanted)
  let found = cx_smallest(
    row.baseAddress, Int64(row.count), Int64(wanted), &values, &indices)
  return (0..<Int(found)).map { Neighbour(index: Int(indices[$0]), distance: values[$0]) }
}

/// The smallest finite values of every row of a matrix, found in parallel.
func smallest(
  inRowsOf matrix: UnsafeBufferPointer<Float>, columns: Int, count: Int
) -> [[Neighbour]] {
  let rows = columns == 0 ? 0 : matrix.count / columns
  return [[Neighbour]](unsafeUninitializedCapacity: rows) { lists, initialized in
    let places = lists
    inParallel(rows) { row in
      let line = UnsafeBufferPointer(rebasing: matrix[(row * columns)..<((row + 1) * columns)])
      places.initializeElement(at: row, to: smallest(line, count: count))
    }
    initialized = rows
  }
}
