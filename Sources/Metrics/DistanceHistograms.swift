internal import CMetrics

/// Counts of genuine and impostor distances in fine steps.
///
/// The step is a power of two, so that every count below a step's edge is exact.
struct DistanceHistograms: Sendable {
  /// Steps over the distances 0…2.
  static let bins = 1 << 16

  /// Pairs of the same person.
  private(set) var genuine = [UInt64](repeating: 0, count: bins)
  /// Pairs of the same person and of different persons.
  private var all = [UInt64](repeating: 0, count: bins)

  /// Pairs of different persons.
  var impostor: [UInt64] { zip(all, genuine).map { $0 - $1 } }

  /// The distance at the lower edge of a step.
  static func edge(_ bin: Int) -> Double { Double(bin) * 2 / Double(bins) }

  /// Adds the kept pairs of some queries.
  ///
  /// - Parameters:
  ///   - candidates: Tells which pairs are genuine.
  ///   - queries: Which queries.
  ///   - distances: `[queries, gallery]`: their distances, removed pairs infinite.
  mutating func add(
    _ candidates: GalleryCandidates, queries: Range<Int>, distances: UnsafeBufferPointer<Float>
  ) {
    cx_add_to_histogram(distances.baseAddress, Int64(distances.count), Int64(Self.bins), &all)
    let columns = distances.count / queries.count
    for (row, query) in queries.enumerated() {
      let same = candidates.images(for: query).matches.map { distances[row * columns + $0] }
      cx_add_to_histogram(same, Int64(same.count), Int64(Self.bins), &genuine)
    }
  }
}
