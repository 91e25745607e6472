internal import CKernels
internal import CMetrics

/// Cosine distances between feature vectors, 1 − cosine, in blocks of queries.
///
/// Ranks are those of the Euclidean distance of unit vectors, whose square is twice as large.
///
/// **Shape**: features `[images, width]`, of any length each. **Range**: 0…2; a zero vector has
/// distance 1 to everything.
public struct CosineDistances: DistanceSource {
  /// Number of query images.
  public let queryCount: Int
  /// Number of gallery images.
  public let galleryCount: Int
  /// Width of a feature vector.
  public let width: Int
  private let query: [Float]
  private let gallery: [Float]
  private let queryScales: [Float]
  private let galleryScales: [Float]

  /// Keeps the features; nothing is copied until distances are asked for.
  ///
  /// - Throws: ``MetricsError`` when a set is empty or has a feature that is not finite.
  public init(query: [Float], gallery: [Float], width: Int) throws(MetricsError) {
    precondition(
      width > 0 && query.count % width == 0 && gallery.count % width == 0,
      "CosineDistances: \(query.count) and \(gallery.count) values are no rows of width \(width)")
    for (values, name) in [(query, "queries"), (gallery, "gallery")] {
      if values.isEmpty { throw .empty(set: name) }
      let index = values.withUnsafeBufferPointer {
        cx_first_not_finite($0.baseAddress, Int64($0.count))
      }
      if index >= 0 { throw .notFinite(set: name, image: Int(index) / width) }
    }
    self.width = width
    self.query = query
    self.gallery = gallery
    queryCount = query.count / width
    galleryCount = gallery.count / width
    queryScales = inverseLengths(query, width: width)
    galleryScales = inverseLengths(gallery, width: width)
  }

  /// Computes the distances of some queries to the whole gallery.
  public func writeDistances(
    of queries: Range<Int>, into distances: UnsafeMutableBufferPointer<Float>
  ) {
    precondition(
      queries.lowerBound >= 0 && queries.upperBound <= queryCount
        && distances.count == queries.count * galleryCount,
      "CosineDistances: queries \(queries) of \(queryCount) into \(distances.count) values")
    guard !queries.isEmpty else { return }
    var rows = Array(query[(queries.lowerBound * width)..<(queries.upperBound * width)])
    let scales = Array(queryScales[queries])
    cx_scale_rows(&rows, Int64(queries.count), Int64(width), scales)
    ck_gemm(
      false, true, Int64(queries.count), Int64(galleryCount), Int64(width), 1, rows, Int64(width),
      gallery, Int64(width), 0, distances.baseAddress, Int64(galleryCount))
    guard let base = distances.baseAddress else { return }
    // One thread alone would pass over the products at half of what memory gives.
    galleryScales.withUnsafeBufferPointer { scales in
      inParallel(queries.count) { row in
        cx_cosine_distances(
          base + row * galleryCount, 1, Int64(galleryCount), scales.baseAddress)
      }
    }
  }
}

/// One divided by the Euclidean length of each row; the length counts as at least 1e-12.
func inverseLengths(_ features: [Float], width: Int) -> [Float] {
  let rows = features.count / width
  return [Float](unsafeUninitializedCapacity: rows) { scales, count in
    cx_inverse_lengths(features, Int64(rows), Int64(width), scales.baseAddress)
    count = rows
  }
}
