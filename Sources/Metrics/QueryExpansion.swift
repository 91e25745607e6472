internal import CMetrics

/// Every picture's feature replaced by a weighted mean of those nearest to it.
///
/// For the k nearest rows of a row, itself among them, with cosines c and unit rows u:
///
/// ```
/// f = Σ max(c, 0)^α u
/// ```
///
/// α = 0 is the plain mean, a large α stays near the row itself. Query and gallery are expanded together,
/// without labels and without regard to cameras, so all test images are needed at once.
///
/// **Source**: F. Radenović, G. Tolias, O. Chum, "Fine-tuning CNN Image Retrieval with No Human
/// Annotation", 2018, arXiv 1711.02512 (α-weighted), applied to both sides as in fast-reid, whose
/// defaults are k 5 and α 3.
public struct QueryExpansion: Sendable, Hashable, Codable {
  /// Rows averaged, the row itself included.
  public var neighbours: Int
  /// Power of the cosine in the weight.
  public var alpha: Double

  /// Sets the numbers.
  public init(neighbours: Int = 5, alpha: Double = 3) {
    precondition(
      neighbours > 0 && alpha >= 0,
      "QueryExpansion: \(neighbours) neighbours and α \(alpha) must be positive")
    self.neighbours = neighbours
    self.alpha = alpha
  }

  /// Expands both sets; distances are passed through in blocks and never held.
  ///
  /// **Shape**: `[images, width]` each, of any length → the same, of unit length.
  ///
  /// - Throws: ``MetricsError`` when a set is empty or has a feature that is not finite.
  public func expanded(
    query: [Float], gallery: [Float], width: Int
  ) throws(MetricsError) -> (query: [Float], gallery: [Float]) {
    // Named sets in the error; the joint set would not tell which one is broken.
    _ = try CosineDistances(query: query, gallery: gallery, width: width)
    var rows = query + gallery
    let scales = inverseLengths(rows, width: width)
    cx_scale_rows(&rows, Int64(scales.count), Int64(width), scales)
    let near = nearestNeighbours(
      try CosineDistances(query: rows, gallery: rows, width: width), count: neighbours)
    var result = [Float](repeating: 0, count: rows.count)
    rows.withUnsafeBufferPointer { rows in
      result.withUnsafeMutableBufferPointer { result in
        for (image, list) in near.enumerated() {
          for neighbour in list {
            // An image is its own nearest neighbour, whatever rounding says.
            let cosine = neighbour.index == image ? 1 : max(0, 1 - neighbour.distance)
            let weight = power(cosine, Float(alpha))
            for column in 0..<width {
              result[image * width + column] += weight * rows[neighbour.index * width + column]
            }
          }
        }
      }
    }
    let lengths = inverseLengths(result, width: width)
    cx_scale_rows(&result, Int64(lengths.count), Int64(width), lengths)
    return (Array(result[..<query.count]), Array(result[query.count...]))
  }
}
