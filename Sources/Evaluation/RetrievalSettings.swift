public import Metrics

/// How retrieval is scored, apart from the data and the model.
public struct RetrievalSettings: Sendable {
  /// Which gallery images count, and whether features are corrected by camera.
  public var rule: RetrievalProtocol
  /// Whether a feature is the mean of those of the picture and of its mirror image.
  public var flip: Bool
  /// The numbers of k-reciprocal re-ranking, or nil for plain distances.
  public var reranking: KReciprocalReranking.Configuration?
  /// The numbers of query expansion, or nil for features as they are.
  public var expansion: QueryExpansion?
  /// Seed of untrained weights, drawn splits and the interval.
  public var seed: Int
  /// Gallery pictures listed for each query.
  public var rankedImages: Int

  /// Sets how retrieval is scored; the defaults are those of the benchmark numbers.
  public init(
    rule: RetrievalProtocol = .crossCamera, flip: Bool = false,
    reranking: KReciprocalReranking.Configuration? = nil, expansion: QueryExpansion? = nil,
    seed: Int = 0, rankedImages: Int = 10
  ) {
    self.rule = rule
    self.flip = flip
    self.reranking = reranking
    self.expansion = expansion
    self.seed = seed
    self.rankedImages = rankedImages
  }
}
