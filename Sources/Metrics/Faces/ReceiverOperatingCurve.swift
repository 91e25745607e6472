/// Shares of accepted genuine and impostor pairs for every threshold on a score.
///
/// A pair is accepted when its score is at least the threshold. Every distinct score is a point of the
/// curve, so that nothing is interpolated. **Range**: shares 0…1.
public struct ReceiverOperatingCurve: Sendable, Codable, Hashable {
  /// A point of the curve.
  public struct Point: Sendable, Codable, Hashable {
    /// Share of impostor pairs accepted.
    public var falseAcceptRate: Double
    /// Share of genuine pairs accepted.
    public var trueAcceptRate: Double
    /// The score from which pairs are accepted.
    public var threshold: Float
  }

  /// Area under the curve: the chance that a genuine pair scores above an impostor pair, ties as half.
  public let area: Double
  /// Genuine pairs.
  public let genuineCount: Int
  /// Impostor pairs.
  public let impostorCount: Int
  /// The points by falling threshold; the first accepts nothing.
  public let points: [Point]

  /// Draws the curve of scores, higher for more alike.
  ///
  /// - Throws: ``MetricsError/noPairs(kind:)`` without genuine or without impostor pairs.
  public init(scores: [Float], isSame: [Bool]) throws(MetricsError) {
    precondition(
      scores.count == isSame.count,
      "ReceiverOperatingCurve: \(scores.count) scores, \(isSame.count) truths")
    if let place = scores.firstIndex(where: { !$0.isFinite }) {
      throw .notFinite(set: "pairs", image: place)
    }
    genuineCount = isSame.count { $0 }
    impostorCount = isSame.count - genuineCount
    guard genuineCount > 0 else { throw .noPairs(kind: "genuine") }
    guard impostorCount > 0 else { throw .noPairs(kind: "impostor") }
    let order = scores.indices.sorted { scores[$0] > scores[$1] }
    var points = [Point(falseAcceptRate: 0, trueAcceptRate: 0, threshold: .infinity)]
    var (genuine, impostors, area) = (0, 0, 0.0)
    var index = 0
    while index < order.count {
      let threshold = scores[order[index]]
      let before = (genuine, impostors)
      while index < order.count, scores[order[index]] == threshold {
        if isSame[order[index]] { genuine += 1 } else { impostors += 1 }
        index += 1
      }
      area += Double(impostors - before.1) * Double(genuine + before.0) / 2
      points.append(
        Point(
          falseAcceptRate: Double(impostors) / Double(impostorCount),
          trueAcceptRate: Double(genuine) / Double(genuineCount), threshold: threshold))
    }
    self.points = points
    self.area = area / (Double(genuineCount) * Double(impostorCount))
  }

  /// Bounds of the 95 % bootstrap interval of the area over groups of pairs that vary as a whole, such as
  /// the folds that share no person.
  ///
  /// - Parameter groups: the group of each pair, from 0.
  /// - Returns: lower and upper bound; nil without resamplings, or where too few of them hold both kinds of
  ///   pairs.
  public static func areaInterval(
    scores: [Float], isSame: [Bool], groups: [Int], resamplings: Int, seed: UInt64
  ) -> [Double]? {
    precondition(
      scores.count == isSame.count && scores.count == groups.count,
      "ReceiverOperatingCurve: \(scores.count) scores, \(isSame.count) truths, \(groups.count) groups"
    )
    let count = (groups.max() ?? -1) + 1
    guard count > 0, resamplings > 0 else { return nil }
    let order = scores.indices.sorted { scores[$0] > scores[$1] }
    var random = CounterRandom(seed: seed)
    var areas: [Double] = []
    for _ in 0..<resamplings {
      var weights = [Double](repeating: 0, count: count)
      for _ in 0..<count { weights[random.next(below: count)] += 1 }
      var (genuine, impostors, area) = (0.0, 0.0, 0.0)
      var index = 0
      while index < order.count {
        let threshold = scores[order[index]]
        let before = (genuine, impostors)
        while index < order.count, scores[order[index]] == threshold {
          let weight = weights[groups[order[index]]]
          if isSame[order[index]] { genuine += weight } else { impostors += weight }
          index += 1
        }
        area += (impostors - before.1) * (genuine + before.0) / 2
      }
      if genuine > 0, impostors > 0 { areas.append(area / (genuine * impostors)) }
    }
    guard 2 * areas.count > resamplings else { return nil }
    areas.sort()
    return [0.025, 0.975].map { quantile($0, ofSorted: areas) }
  }

  /// The point whose share of accepted impostors is nearest to a wanted one; of equally near points
  /// that with more genuine pairs accepted.
  ///
  /// This is the rule of the evaluation scripts of IJB-B and IJB-C. Fewer impostor pairs than the rate
  /// asks for make it a share of none.
  public func point(nearest rate: Double) -> Point {
    var best = points[0]
    for point in points.dropFirst()
    where abs(point.falseAcceptRate - rate) <= abs(best.falseAcceptRate - rate) {
      best = point
    }
    return best
  }

  /// The points at which share of accepted impostors changes, for a picture: at most `limit` of them.
  public func outline(limit: Int = 400) -> [Point] {
    var corners: [Point] = []
    for point in points {
      if let last = corners.last, last.falseAcceptRate == point.falseAcceptRate {
        corners[corners.count - 1] = point
      } else {
        corners.append(point)
      }
    }
    guard corners.count > limit, limit > 1 else { return corners }
    return (0..<limit).map { corners[$0 * (corners.count - 1) / (limit - 1)] }
  }
}
