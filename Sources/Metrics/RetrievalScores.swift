/// Scores of ranking a gallery for each of many queries.
///
/// **Units**: all scores are fractions 0…1. Encoding leaves out ``perQuery``.
public struct RetrievalScores: Sendable, Codable {
  /// Mean average precision over the valid queries.
  public var mAP: Double
  /// Mean inverse negative penalty over the valid queries.
  public var mINP: Double
  /// Share of valid queries whose nearest kept gallery image is a match.
  public var rank1: Double
  /// Share of valid queries with a match among the first 5.
  public var rank5: Double
  /// Share of valid queries with a match among the first 10.
  public var rank10: Double
  /// `[ranks]`: share of valid queries with a match among the first 1, 2, 3 … images.
  public var cumulativeMatch: [Double]
  /// Number of queries, invalid ones included.
  public var queries: Int
  /// Queries without a match in the gallery: in no mean.
  public var invalidQueries: Int
  /// Number of gallery images that take part, junk not counted.
  public var gallery: Int
  /// Number of gallery images removed as junk.
  public var junk: Int
  /// Different persons among the queries.
  public var queryPersons: Int
  /// Different persons in the gallery, junk not counted.
  public var galleryPersons: Int
  /// Different cameras in both sets; 0 when cameras are not known.
  public var cameras: Int
  /// Which gallery images counted.
  public var `protocol`: RetrievalProtocol
  /// Form of the average precision.
  public var averagePrecisionForm: AveragePrecisionForm
  /// Bounds of the 95 % bootstrap interval of mAP over persons, or nil if not asked for.
  public var interval: [Double]?
  /// Genuine and impostor pairs, or nil if not asked for.
  public var verification: VerificationScores?
  /// `[queries]`: the answer to each query.
  public var perQuery: [QueryScore] = []

  private enum CodingKeys: String, CodingKey {
    case mAP, mINP, rank1, rank5, rank10, cumulativeMatch, queries, invalidQueries, gallery, junk
    case queryPersons, galleryPersons, cameras, `protocol`, averagePrecisionForm, interval
    case verification
  }

  /// Share of valid queries with a match among the first `rank` images.
  public func rank(_ rank: Int) -> Double {
    precondition(
      rank >= 1 && rank <= cumulativeMatch.count,
      "RetrievalScores: rank \(rank) of \(cumulativeMatch.count) computed ones")
    return cumulativeMatch[rank - 1]
  }
}
