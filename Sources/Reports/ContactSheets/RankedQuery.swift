public import Images

/// A query and the gallery pictures nearest to it.
public struct RankedQuery: Sendable {
  /// One picture of the ranked gallery.
  public struct Hit: Sendable {
    /// What the protocol says of a hit.
    public enum Verdict: Sendable, Equatable {
      /// The query's person.
      case correct
      /// Another person.
      case wrong
      /// The query's person under the query's camera: removed before ranking.
      case notCounted
    }

    /// The picture.
    public var image: Image
    /// Distance of the features; its unit stands in the protocol.
    public var distance: Double
    /// What the protocol says.
    public var verdict: Verdict
    /// Where the picture comes from: the camera, say.
    public var source: String?

    /// Makes a hit.
    public init(image: Image, distance: Double, verdict: Verdict, source: String? = nil) {
      self.image = image
      self.distance = distance
      self.verdict = verdict
      self.source = source
    }
  }

  /// The picture looked for.
  public var query: Image
  /// Where it comes from.
  public var source: String?
  /// Average precision of the whole ranking, 0…1.
  public var averagePrecision: Double
  /// The first hits, from near to far.
  public var hits: [Hit]

  /// Makes a ranked query.
  public init(query: Image, source: String? = nil, averagePrecision: Double, hits: [Hit]) {
    self.query = query
    self.source = source
    self.averagePrecision = averagePrecision
    self.hits = hits
  }
}

extension ContactSheet {
  /// The sheet of ranked retrievals, the hardest failures first.
  ///
  /// - Parameters:
  ///   - queries: ranked queries in any order; equal ones keep theirs.
  ///   - limit: queries to show at most.
  ///   - hitCount: hits to show per query; those that do not count take no rank, but a place.
  ///   - protocolText: how the ranking was made; stands below the title.
  ///   - tileWidth: columns of one crop, in pixels.
  ///   - tileHeight: rows of one crop, in pixels.
  public static func rankedRetrieval(
    _ queries: [RankedQuery], limit: Int = 12, hitCount: Int = 10, protocolText: String? = nil,
    tileWidth: Int = 76, tileHeight: Int = 152
  ) -> ContactSheet {
    let order = queries.indices.sorted { left, right in
      let (first, second) = (queries[left].averagePrecision, queries[right].averagePrecision)
      return first != second ? first < second : left < right
    }
    let rows = order.prefix(limit).map { index in
      let query = queries[index]
      let name = query.source.map { "\($0): " } ?? ""
      return Row(
        title: name + "AP \(NumberText.fixed(query.averagePrecision, decimals: 3))",
        tiles: [Tile([query.query], caption: ["query"], isSetApart: true)]
          + tiles(query.hits.prefix(hitCount)))
    }
    return ContactSheet(
      title: "Ranked retrieval: \(rows.count) hardest of \(queries.count) queries",
      notes: [
        "Green: the query's person. Red: another person. Grey: same person and camera, not counted."
          + " Numbers: rank and distance."
      ] + (protocolText.map { [$0] } ?? []),
      sections: [Section(rows: Array(rows))], tileWidth: tileWidth, tileHeight: tileHeight)
  }

  private static func tiles(_ hits: some Sequence<RankedQuery.Hit>) -> [Tile] {
    var rank = 0
    return hits.map { hit in
      if hit.verdict != .notCounted { rank += 1 }
      let place = hit.verdict == .notCounted ? "-" : "\(rank)"
      let frame: Frame =
        switch hit.verdict {
        case .correct: .green
        case .wrong: .red
        case .notCounted: .grey
        }
      return Tile(
        [hit.image],
        caption: ["\(place)  \(NumberText.fixed(hit.distance, decimals: 3))", hit.source ?? ""],
        frame: frame, isDimmed: hit.verdict == .notCounted)
    }
  }
}
