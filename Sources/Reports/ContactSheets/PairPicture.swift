public import Images

/// Two crops that mining holds for the same person, as a sheet shows them.
public struct PairPicture: Sendable {
  /// The crop of the earlier frame.
  public var first: Image
  /// The crop of the later frame.
  public var second: Image
  /// The matching probability p, 0…1.
  public var reliability: Double
  /// Seconds from the first to the second frame.
  public var secondsApart: Double
  /// Where the pair comes from: the video, the frames.
  public var source: String?
  /// Whether the crops truly show one person; nil where the truth is not known.
  public var isCorrect: Bool?

  /// Makes the picture of a pair.
  public init(
    first: Image, second: Image, reliability: Double, secondsApart: Double, source: String? = nil,
    isCorrect: Bool? = nil
  ) {
    self.first = first
    self.second = second
    self.reliability = reliability
    self.secondsApart = secondsApart
    self.source = source
    self.isCorrect = isCorrect
  }
}

extension ContactSheet {
  /// The sheet of mined pairs, the most reliable first.
  ///
  /// Where there are more pairs than fit, the best, the middle and the worst third of the sheet
  /// come from the top, the middle and the end of the order: errors live at the end.
  ///
  /// - Parameters:
  ///   - pairs: the pairs in any order; equal ones keep theirs.
  ///   - total: pairs that were mined, where `pairs` are a best, a middle and a worst third already.
  ///   - limit: pairs to show at most.
  ///   - tileWidth: columns of one crop, in pixels.
  ///   - tileHeight: rows of one crop, in pixels.
  public static func minedPairs(
    _ pairs: [PairPicture], of total: Int? = nil, limit: Int = 36, tileWidth: Int = 76,
    tileHeight: Int = 152
  ) -> ContactSheet {
    let order = pairs.indices.sorted { left, right in
      let (first, second) = (pairs[left].reliability, pairs[right].reliability)
      return first != second ? first > second : left < right
    }
    let sorted = order.map { pairs[$0] }
    var sections: [Section]
    let total = max(total ?? pairs.count, pairs.count)
    if total <= limit {
      sections = [Section(rows: [Row(tiles: sorted.map(tile))])]
    } else {
      let third = max(min(limit, sorted.count) / 3, 1)
      let middle = (sorted.count - third) / 2
      let parts = [
        ("Most reliable", sorted.prefix(third)),
        ("In the middle", sorted[middle..<middle + third]),
        ("Least reliable", sorted.suffix(third)),
      ]
      sections = parts.map { heading, part in
        Section(heading: heading, rows: [Row(tiles: part.map(tile))])
      }
    }
    if pairs.isEmpty { sections = [Section(heading: "No pairs were mined.", rows: [])] }
    var notes = ["p: matching probability. Gap: seconds between the two frames."]
    if pairs.contains(where: { $0.isCorrect != nil }) {
      notes.append("Green: one person. Red: two persons.")
    }
    return ContactSheet(
      title: "Mined pairs: \(min(pairs.count, limit)) of \(total)", notes: notes,
      sections: sections, tileWidth: tileWidth, tileHeight: tileHeight)
  }

  private static func tile(_ pair: PairPicture) -> Tile {
    let numbers =
      "p \(NumberText.fixed(pair.reliability, decimals: 2))  "
      + "gap \(NumberText.fixed(pair.secondsApart, decimals: 1)) s"
    let frame: Frame = pair.isCorrect.map { $0 ? .green : .red } ?? .none
    return Tile(
      [pair.first, pair.second], caption: [numbers] + (pair.source.map { [$0] } ?? []),
      frame: frame)
  }
}
