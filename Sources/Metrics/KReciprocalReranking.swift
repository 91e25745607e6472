internal import CMetrics

/// Distances re-ranked by shared reciprocal neighbours.
///
/// Two images that are in each other's neighbourhood, and whose neighbourhoods overlap, probably
/// show the same person. With d the squared Euclidean distance of unit rows, each row divided by
/// its maximum over query and gallery together:
///
/// ```
/// R(i,k)  = j among the first k+1 of i (itself included) with i among the first k+1 of j
/// R*(i)   = R(i,k1) and every R(c, k1/2) of its members c of which more than 2/3 is in R(i,k1)
/// V[i,j]  = exp(−d[i,j]) for j in R*(i), scaled to sum 1; then the mean over the first k2 of i
/// J[i,j]  = 1 − m/(2 − m),   m = Σ min(V[i], V[j])
/// result  = (1 − λ) J + λ d
/// ```
///
/// Only the k1+1 nearest neighbours, the row maxima and the non-zero entries of V are kept: the
/// full matrix is passed through in blocks and never held.
///
/// **Shape**: features `[images, width]`. **Range**: 0…1. Removal by camera happens afterwards, in
/// scoring.
///
/// **Source**: Z. Zhong, L. Zheng, D. Cao and S. Li, "Re-ranking person re-identification with
/// k-reciprocal encoding", CVPR 2017, section 3, with the rounding of the authors' program.
public struct KReciprocalReranking: DistanceSource {
  /// The numbers of the method, for the report.
  public struct Configuration: Sendable, Hashable, Codable {
    /// Neighbourhood size of the reciprocal sets.
    public var k1: Int
    /// Neighbours averaged by the local expansion; 1 for none.
    public var k2: Int
    /// Weight λ of the plain distance.
    public var lambda: Double

    /// Sets the numbers; the defaults are the authors'.
    public init(k1: Int = 20, k2: Int = 6, lambda: Double = 0.3) {
      precondition(
        k1 > 0 && k2 > 0 && (0...1).contains(lambda),
        "KReciprocalReranking: k1 \(k1), k2 \(k2) must be positive, λ \(lambda) in 0…1")
      self.k1 = k1
      self.k2 = k2
      self.lambda = lambda
    }
  }

  /// Number of query images.
  public let queryCount: Int
  /// Number of gallery images.
  public let galleryCount: Int
  /// The numbers of the method.
  public let configuration: Configuration
  private let distances: CosineDistances
  /// `[queries]`: largest squared distance of each query to any image.
  private let queryMaxima: [Float]
  private let weights: SparseRows
  /// For each image the gallery images with a weight on it.
  private let galleryWeights: SparseRows

  /// Finds neighbourhoods and weights; takes one pass over all distances.
  ///
  /// - Throws: ``MetricsError`` when a set is empty or has a feature that is not finite.
  public init(
    query: [Float], gallery: [Float], width: Int, configuration: Configuration = Configuration()
  ) throws(MetricsError) {
    distances = try CosineDistances(query: query, gallery: gallery, width: width)
    queryCount = distances.queryCount
    galleryCount = distances.galleryCount
    self.configuration = configuration
    let features = query + gallery
    let neighbourhoods = try Neighbourhoods(
      features: features, width: width, length: max(configuration.k1 + 1, configuration.k2))
    queryMaxima = Array(neighbourhoods.maxima[..<queryCount])
    weights = Self.weights(
      features: features, width: width, neighbourhoods: neighbourhoods,
      configuration: configuration)
    galleryWeights = weights.transposed(
      columnCount: queryCount + galleryCount, from: queryCount)
  }

  /// Writes the re-ranked distances of some queries to the whole gallery.
  public func writeDistances(
    of queries: Range<Int>, into output: UnsafeMutableBufferPointer<Float>
  ) {
    distances.writeDistances(of: queries, into: output)
    let lambda = Float(configuration.lambda)
    var shared = [Float](repeating: 0, count: galleryCount)
    for (row, query) in queries.enumerated() {
      weights.forEach(in: query) { column, weight in
        galleryWeights.forEach(in: column) { image, other in
          shared[image] += min(weight, other)
        }
      }
      // Twice the cosine distance is the squared Euclidean one.
      let scale = 2 / queryMaxima[query]
      let start = row * galleryCount
      for image in 0..<galleryCount {
        let jaccard = 1 - shared[image] / (2 - shared[image])
        let plain = max(0, output[start + image]) * scale
        output[start + image] = (1 - lambda) * jaccard + lambda * plain
        shared[image] = 0
      }
    }
  }

  /// The weights V of every image, after local expansion.
  private static func weights(
    features: [Float], width: Int, neighbourhoods: Neighbourhoods, configuration: Configuration
  ) -> SparseRows {
    let count = neighbourhoods.count
    let scales = inverseLengths(features, width: width)
    // Half to even, as numpy rounds.
    let half = Int((Double(configuration.k1) / 2).rounded(.toNearestOrEven))
    var plain = SparseRows()
    for image in 0..<count {
      let members = neighbourhoods.expandedReciprocal(of: image, k: configuration.k1, half: half)
      var entries = members.map { other -> (column: Int, value: Float) in
        let squared = 2 * max(0, cosineDistance(features, width, scales, image, other))
        let distance = image == other ? 0 : squared / neighbourhoods.maxima[image]
        return (other, exponential(-distance))
      }
      let sum = entries.reduce(0) { $0 + $1.value }
      for index in entries.indices { entries[index].value /= sum }
      plain.append(entries)
    }
    guard configuration.k2 > 1 else { return plain }
    var expanded = SparseRows()
    var sums = [Float](repeating: 0, count: count)
    for image in 0..<count {
      let nearest = neighbourhoods.nearest(of: image, count: configuration.k2)
      var touched: Set<Int> = []
      for neighbour in nearest {
        plain.forEach(in: Int(neighbour)) { column, value in
          sums[column] += value
          touched.insert(column)
        }
      }
      expanded.append(
        touched.sorted().map { column in
          defer { sums[column] = 0 }
          return (column: column, value: sums[column] / Float(nearest.count))
        })
    }
    return expanded
  }

  private static func cosineDistance(
    _ features: [Float], _ width: Int, _ scales: [Float], _ left: Int, _ right: Int
  ) -> Float {
    features.withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return 0 }
      let dot = cx_dot(base + left * width, base + right * width, Int64(width))
      return 1 - dot * scales[left] * scales[right]
    }
  }
}
