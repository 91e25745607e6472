public import Metrics

/// Scores of one model at one resolution of the probes.
///
/// **Units**: fractions 0…1. Encoded without the curve's points and the fold's numbers.
public struct FaceScores: Sendable, Encodable {
  /// Rows the probes were reduced to; nil for pictures as they are.
  public var rows: Int?
  /// Ten folds of the first set of pairs; nil without pairs in folds.
  public var verification: FaceVerification?
  /// The curve of the pairs, or of pairs of templates.
  public var curve: ReceiverOperatingCurve?
  /// Share of probes with a mate among the first 1, 5, 10 and 20; nil without a search.
  public var ranks: [Int: Double] = [:]
  /// Share of mated probes recognised, by the share of strangers that are taken for someone.
  public var truePositiveRates: [(rate: Double, value: Double)] = []
  /// Share of genuine pairs accepted, by the share of impostors accepted.
  public var trueAcceptRates: [(rate: Double, value: Double)] = []

  /// Bounds of the 95 % interval of the first rank, by bootstrap over persons; nil without a search.
  public var firstRankInterval: [Double]?

  /// Whether each mated probe has its mate first.
  var firstHits: [ScoredItem] = []

  private enum CodingKeys: String, CodingKey {
    case rows, accuracy, accuracyStd, auc, threshold, cosineThreshold, tarAtFar, val, valStd
    case rank1, rank5, rank10, rank20, tpirAtFpir, accuracyInterval, aucInterval, rank1Interval
  }

  /// Writes the scores under the names of the commands' contract; what the data cannot tell is null.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encodeIfPresent(rows, forKey: .rows)
    try container.encode(verification?.accuracy, forKey: .accuracy)
    try container.encode(verification?.accuracyDeviation, forKey: .accuracyStd)
    if let verification {
      try container.encode(verification.threshold, forKey: .threshold)
      try container.encode(verification.cosineThreshold, forKey: .cosineThreshold)
      try container.encode(verification.trueAcceptRate, forKey: .val)
      try container.encode(verification.trueAcceptDeviation, forKey: .valStd)
    }
    try container.encodeIfPresent(verification?.accuracyInterval, forKey: .accuracyInterval)
    try container.encodeIfPresent(verification?.areaInterval, forKey: .aucInterval)
    try container.encodeIfPresent(firstRankInterval, forKey: .rank1Interval)
    try container.encode(curve?.area, forKey: .auc)
    try container.encode(curve == nil ? nil : Self.named(trueAcceptRates), forKey: .tarAtFar)
    try container.encode(ranks[1], forKey: .rank1)
    try container.encode(ranks[5], forKey: .rank5)
    try container.encodeIfPresent(ranks[10], forKey: .rank10)
    try container.encodeIfPresent(ranks[20], forKey: .rank20)
    try container.encode(
      truePositiveRates.isEmpty ? nil : Self.named(truePositiveRates), forKey: .tpirAtFpir)
  }

  private static func named(_ rates: [(rate: Double, value: Double)]) -> [String: Double] {
    Dictionary(uniqueKeysWithValues: rates.map { (RetrievalTable.rateText($0.rate), $0.value) })
  }
}
