/// Something that gives the distances of queries to a gallery, block by block.
///
/// Scores only need a few rows at a time, so a source never has to hold the whole matrix.
public protocol DistanceSource: Sendable {
  /// Number of query images.
  var queryCount: Int { get }
  /// Number of gallery images.
  var galleryCount: Int { get }

  /// Writes the distances of some queries to the whole gallery.
  ///
  /// - Parameters:
  ///   - queries: Which queries, within `0..<queryCount`.
  ///   - distances: `[queries, gallery]`, row-major; every entry is set to a finite distance.
  func writeDistances(
    of queries: Range<Int>, into distances: UnsafeMutableBufferPointer<Float>)
}

/// Distances that are already at hand as a matrix.
public struct DistanceMatrix: DistanceSource {
  /// Number of query images.
  public let queryCount: Int
  /// Number of gallery images.
  public let galleryCount: Int
  /// `[queries, gallery]`, row-major.
  public let values: [Float]

  /// Wraps a matrix `[queries, gallery]` of finite distances.
  public init(_ values: [Float], queries: Int, gallery: Int) {
    precondition(
      values.count == queries * gallery,
      "DistanceMatrix: [\(queries), \(gallery)] needs \(queries * gallery) values, "
        + "got \(values.count)")
    self.values = values
    queryCount = queries
    galleryCount = gallery
  }

  /// Copies the rows of some queries.
  public func writeDistances(
    of queries: Range<Int>, into distances: UnsafeMutableBufferPointer<Float>
  ) {
    let range = (queries.lowerBound * galleryCount)..<(queries.upperBound * galleryCount)
    _ = distances.update(fromContentsOf: values[range])
  }
}
