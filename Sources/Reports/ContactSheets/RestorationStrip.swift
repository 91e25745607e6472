public import Images

/// A picture before and after restoring, and as it should be.
public struct RestorationStrip: Sendable {
  /// The spoiled picture.
  public var degraded: Image
  /// The restored one.
  public var restored: Image
  /// The truth.
  public var clean: Image
  /// What the picture is called.
  public var title: String
  /// PSNR before and after in dB.
  public var before, after: Double

  /// Makes a strip.
  public init(
    degraded: Image, restored: Image, clean: Image, title: String, before: Double, after: Double
  ) {
    self.degraded = degraded
    self.restored = restored
    self.clean = clean
    self.title = title
    self.before = before
    self.after = after
  }
}

extension ContactSheet {
  /// The sheet of spoiled, restored and clean pictures, in the given order.
  public static func restorations(
    _ strips: [RestorationStrip], tileWidth: Int = 240, tileHeight: Int = 240
  ) -> ContactSheet {
    let rows = strips.map { strip in
      Row(
        title: strip.title,
        tiles: [
          Tile(
            [strip.degraded], caption: ["spoiled, \(NumberText.short(strip.before)) dB"]),
          Tile([strip.restored], caption: ["restored, \(NumberText.short(strip.after)) dB"]),
          Tile([strip.clean], caption: ["clean"]),
        ])
    }
    return ContactSheet(
      title: "Restored pictures", notes: ["Spoiled, restored, clean; PSNR against the clean one."],
      sections: [Section(rows: rows)], tileWidth: tileWidth, tileHeight: tileHeight)
  }
}
