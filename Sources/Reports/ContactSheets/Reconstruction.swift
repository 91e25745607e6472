public import Images

/// A picture as a masked-image model sees it, fills it in, and as it is.
public struct Reconstruction: Sendable {
  /// The input, its masked patches blank.
  public var masked: Image
  /// The input with the masked patches as predicted.
  public var reconstructed: Image
  /// The whole picture.
  public var truth: Image
  /// Mean absolute error over the masked pixels, in the unit the caption names; nil prints none.
  public var error: Double?

  /// Makes a triple.
  public init(masked: Image, reconstructed: Image, truth: Image, error: Double? = nil) {
    self.masked = masked
    self.reconstructed = reconstructed
    self.truth = truth
    self.error = error
  }
}

extension ContactSheet {
  /// The sheet of masked input, reconstruction and truth, in the given order.
  public static func reconstructions(
    _ triples: [Reconstruction], tileWidth: Int = 76, tileHeight: Int = 152
  ) -> ContactSheet {
    let tiles = triples.map { triple in
      Tile(
        [triple.masked, triple.reconstructed, triple.truth],
        caption: triple.error.map { ["L1 \(NumberText.short($0))"] } ?? [], isSetApart: true)
    }
    return ContactSheet(
      title: "Masked patches filled in",
      notes: ["Left: masked input. Middle: reconstruction. Right: truth."],
      sections: [Section(rows: [Row(tiles: tiles)])], tileWidth: tileWidth, tileHeight: tileHeight)
  }
}
