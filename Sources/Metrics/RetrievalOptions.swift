/// What to compute beside the plain retrieval scores, and how.
public struct RetrievalOptions: Sendable {
  /// Which gallery images count.
  public var rule: RetrievalProtocol
  /// Form of the average precision.
  public var averagePrecisionForm: AveragePrecisionForm
  /// Number of ranks of the cumulative match characteristic.
  public var cumulativeMatchRanks: Int
  /// Length of each query's list of nearest gallery images; 0 for none.
  public var rankedImages: Int
  /// Most query rows whose distances are held at once.
  public var blockRows: Int
  /// Resamplings behind the interval of mAP; 0 for no interval.
  public var resamplings: Int
  /// Seed of the resampling.
  public var seed: UInt64
  /// Whether to collect genuine and impostor distances for verification scores.
  public var verification: Bool

  /// Sets the options; the defaults are those of the benchmark scores.
  public init(
    rule: RetrievalProtocol = .crossCamera,
    averagePrecisionForm: AveragePrecisionForm = .standard,
    cumulativeMatchRanks: Int = 50, rankedImages: Int = 0, blockRows: Int = 512,
    resamplings: Int = 1000, seed: UInt64 = 0, verification: Bool = false
  ) {
    precondition(
      cumulativeMatchRanks >= 10 && rankedImages >= 0 && blockRows > 0 && resamplings >= 0,
      "RetrievalOptions: ranks must be at least 10, block rows positive, counts not negative")
    self.rule = rule
    self.averagePrecisionForm = averagePrecisionForm
    self.cumulativeMatchRanks = cumulativeMatchRanks
    self.rankedImages = rankedImages
    self.blockRows = blockRows
    self.resamplings = resamplings
    self.seed = seed
    self.verification = verification
  }
}
