/// How one query was answered.
public struct QueryScore: Sendable, Hashable, Codable {
  /// Index of the query image.
  public var query: Int
  /// Person on it.
  public var person: Int
  /// Number of gallery images to be found; 0 makes the query invalid.
  public var matches: Int
  /// Average precision, 0…1; 0 for an invalid query.
  public var averagePrecision: Double
  /// Matches divided by the rank of the last one, 0…1; 0 for an invalid query.
  public var inverseNegativePenalty: Double
  /// Ranks of the matches in ascending order, counted from 1.
  public var matchRanks: [Int]
  /// The nearest gallery images, if they were asked for.
  public var ranking: [RankedImage]

  /// Whether the gallery held a match, so that the query counts.
  public var isValid: Bool { matches > 0 }
}

/// One gallery image in the ranked list of a query.
public struct RankedImage: Sendable, Hashable, Codable {
  /// Index of the gallery image.
  public var gallery: Int
  /// Distance to the query.
  public var distance: Float
  /// Whether it shows the query's person.
  public var isCorrect: Bool
  /// Whether the protocol removes it (junk, the same person on the same camera, or the query
  /// itself): it is listed where it would stand, but counts for nothing.
  public var isRemoved: Bool
}
