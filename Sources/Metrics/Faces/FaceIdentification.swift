/// Finding the person of each probe in a gallery of several pictures each.
///
/// Cosines of all probes with the whole gallery are computed in blocks; of equal scores the picture that
/// comes first in the gallery ranks first.
public struct FaceIdentification: Sendable, Codable {
  /// The mate of a probe that was found best.
  public struct Mate: Sendable, Codable, Hashable {
    /// The cosine.
    public var score: Float
    /// Its place in the ranked gallery, from 1.
    public var rank: Int

    /// Makes an entry.
    public init(score: Float, rank: Int) {
      self.score = score
      self.rank = rank
    }
  }

  /// The best mate of each probe; nil for strangers, of whom the gallery has no picture.
  public private(set) var mates: [Mate?] = []
  /// The highest score of each probe with anyone.
  public private(set) var maxima: [Float] = []
  /// The gallery picture with that score.
  public private(set) var nearest: [Int] = []

  /// Ranks a gallery for each probe.
  ///
  /// - Parameters:
  ///   - gallery: `[pictures, width]`, of any length each.
  ///   - galleryPersons: the person of each; distractors have numbers that no probe has.
  ///   - probes: `[pictures, width]`.
  ///   - probePersons: the person of each.
  ///   - width: length of a vector.
  /// - Throws: ``MetricsError`` when a set is empty or has a feature that is not finite.
  public init(
    gallery: [Float], galleryPersons: [Int], probes: [Float], probePersons: [Int], width: Int
  ) throws(MetricsError) {
    precondition(
      gallery.count == galleryPersons.count * width && probes.count == probePersons.count * width,
      "FaceIdentification: \(gallery.count) and \(probes.count) values for \(galleryPersons.count) "
        + "and \(probePersons.count) pictures of \(width)")
    let distances = try CosineDistances(query: probes, gallery: gallery, width: width)
    let columns = galleryPersons.count
    // About 16 MiB of distances at a time.
    let block = max(1, min(probePersons.count, (4 << 20) / columns))
    var rows = [Float](repeating: 0, count: block * columns)
    for start in stride(from: 0, to: probePersons.count, by: block) {
      let range = start..<min(start + block, probePersons.count)
      rows.withUnsafeMutableBufferPointer { buffer in
        let used = UnsafeMutableBufferPointer(rebasing: buffer[..<(range.count * columns)])
        distances.writeDistances(of: range, into: used)
        for probe in range {
          rank(
            UnsafeBufferPointer(
              rebasing: used[((probe - start) * columns)..<((probe - start + 1) * columns)]),
            persons: galleryPersons, wanted: probePersons[probe])
        }
      }
    }
  }

  private mutating func rank(
    _ distances: UnsafeBufferPointer<Float>, persons: [Int], wanted: Int
  ) {
    var (top, mate) = (0, -1)
    for index in distances.indices {
      if distances[index] < distances[top] { top = index }
      if persons[index] == wanted, mate < 0 || distances[index] < distances[mate] { mate = index }
    }
    maxima.append(1 - distances[top])
    nearest.append(top)
    guard mate >= 0 else {
      mates.append(nil)
      return
    }
    var rank = 1
    for index in distances.indices
    where distances[index] < distances[mate]
      || index < mate && distances[index] == distances[mate]
    {
      rank += 1
    }
    mates.append(Mate(score: 1 - distances[mate], rank: rank))
  }

  /// Probes that have a mate in the gallery.
  public var matedCount: Int { mates.count { $0 != nil } }

  /// Share of mated probes with a mate among the first `rank` pictures; nil without mated probes.
  public func rate(at rank: Int) -> Double? {
    let mated = mates.compactMap(\.self)
    return mated.isEmpty ? nil : Double(mated.count { $0.rank <= rank }) / Double(mated.count)
  }

  /// Share of mated probes that are recognised at a threshold which lets that share of strangers be
  /// taken for someone; nil without mated probes or without strangers.
  public func truePositiveRate(atFalsePositiveRate rate: Double, rank: Int = 1) -> Double? {
    let strangers = zip(mates, maxima).filter { $0.0 == nil }.map(\.1)
    return Self.truePositiveRate(
      mates: mates.compactMap(\.self), strangers: strangers, at: rate, rank: rank)
  }

  /// The same from mates and the highest scores of strangers.
  ///
  /// With `k = ⌊rate · strangers⌋` the threshold is the k-th highest score of a stranger, or just above
  /// the highest for `k = 0`; a mated probe counts when its mate ranks within `rank` and scores at least
  /// the threshold.
  public static func truePositiveRate(
    mates: [Mate], strangers: [Float], at rate: Double, rank: Int = 1
  ) -> Double? {
    guard !mates.isEmpty, !strangers.isEmpty else { return nil }
    let sorted = strangers.sorted(by: >)
    let allowed = min(Int(rate * Double(sorted.count) + 1e-9), sorted.count)
    let threshold = allowed == 0 ? sorted[0].nextUp : sorted[allowed - 1]
    return Double(mates.count { $0.rank <= rank && $0.score >= threshold }) / Double(mates.count)
  }
}
