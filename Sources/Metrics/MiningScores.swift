/// How good mined pairs are by the true identities, which the miner never sees.
public struct MiningScores: Sendable, Codable, Hashable {
  /// Pairs with a range of time gaps.
  public struct TimeGap: Sendable, Codable, Hashable {
    /// Shortest gap in seconds, included.
    public var fromSeconds: Double
    /// Longest gap in seconds, not included; nil for the last range.
    public var toSeconds: Double?
    /// Pairs in the range.
    public var pairs: Int
    /// Pairs in the range that show one person.
    public var correct: Int
  }

  /// The surest pairs only.
  public struct Threshold: Sendable, Codable, Hashable {
    /// Lowest score kept.
    public var score: Double
    /// Pairs kept.
    public var pairs: Int
    /// Share of them that show one person.
    public var precision: Double
  }

  /// Number of pairs.
  public var pairs: Int
  /// Pairs whose two crops have a known identity: only these are judged.
  public var judged: Int
  /// Judged pairs that show one person.
  public var correct: Int
  /// Correct pairs ÷ judged pairs; 0 without pairs.
  public var precision: Double
  /// Correct pairs that existed between the same frames, if the frame pairs are known.
  public var possible: Int?
  /// Correct pairs ÷ possible ones: people who left the picture can not be paired.
  public var shareOfPossible: Double?
  /// Different persons among all crops.
  public var persons: Int
  /// Share of these persons with at least one correct pair.
  public var coverage: Double
  /// Pairs by the time between their crops.
  public var timeGaps: [TimeGap]
  /// Precision of the surest tenth, fifth, … of the judged pairs.
  public var thresholds: [Threshold]
}
