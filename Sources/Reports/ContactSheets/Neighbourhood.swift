public import Images

/// A picture and the ones whose features are nearest to it.
public struct Neighbourhood: Sendable {
  /// One of the nearest.
  public struct Neighbour: Sendable {
    /// The picture.
    public var image: Image
    /// Cosine of the features, −1…1.
    public var similarity: Double
    /// Where the picture comes from.
    public var source: String?
    /// Whether it shows the anchor's person; nil where the truth is not known.
    public var isCorrect: Bool?

    /// Makes a neighbour.
    public init(image: Image, similarity: Double, source: String? = nil, isCorrect: Bool? = nil) {
      self.image = image
      self.similarity = similarity
      self.source = source
      self.isCorrect = isCorrect
    }
  }

  /// The picture looked up.
  public var anchor: Image
  /// Where it comes from.
  public var source: String?
  /// The nearest, from near to far.
  public var neighbours: [Neighbour]

  /// Makes a neighbourhood.
  public init(anchor: Image, source: String? = nil, neighbours: [Neighbour]) {
    self.anchor = anchor
    self.source = source
    self.neighbours = neighbours
  }
}

extension ContactSheet {
  /// The sheet of anchors, each with its nearest neighbours to the right.
  ///
  /// - Parameters:
  ///   - neighbourhoods: anchors from top to bottom.
  ///   - heading: what the features are of, as in "epoch 3".
  ///   - tileWidth: columns of one crop, in pixels.
  ///   - tileHeight: rows of one crop, in pixels.
  public static func nearestNeighbours(
    _ neighbourhoods: [Neighbourhood], heading: String? = nil, tileWidth: Int = 76,
    tileHeight: Int = 152
  ) -> ContactSheet {
    let rows = neighbourhoods.map { neighbourhood in
      let anchor = Tile(
        [neighbourhood.anchor], caption: ["anchor", neighbourhood.source ?? ""], isSetApart: true)
      return Row(
        tiles: [anchor]
          + neighbourhood.neighbours.map { neighbour in
            Tile(
              [neighbour.image],
              caption: [
                "cos \(NumberText.fixed(neighbour.similarity, decimals: 3))",
                neighbour.source ?? "",
              ],
              frame: neighbour.isCorrect.map { $0 ? .green : .red } ?? .none)
          })
    }
    var notes = ["Left: anchor. Then its nearest neighbours by cosine, from near to far."]
    if neighbourhoods.contains(where: { $0.neighbours.contains { $0.isCorrect != nil } }) {
      notes.append("Green: the anchor's person. Red: another person.")
    }
    return ContactSheet(
      title: "Nearest neighbours", notes: notes, sections: [Section(heading: heading, rows: rows)],
      tileWidth: tileWidth, tileHeight: tileHeight)
  }
}
