extension BitMask {
  /// Side of a tile in pixels: half a word, so a tile's row is one masked bit count.
  private static let tileSide = 32

  /// The part of the 32×32 tiles of which more than `threshold` is set, both 0…1; tiles cut off by
  /// the border count by what is left of them.
  func activeTileShare(threshold: Double) -> Double {
    let columns = (width + Self.tileSide - 1) / Self.tileSide
    let rows = (height + Self.tileSide - 1) / Self.tileSide
    var counts = [Int](repeating: 0, count: columns * rows)
    for y in 0..<height {
      for column in 0..<columns {
        let word = words[y * wordsPerRow + column / 2]
        let half = column.isMultiple(of: 2) ? UInt32(truncatingIfNeeded: word) : UInt32(word >> 32)
        counts[y / Self.tileSide * columns + column] += half.nonzeroBitCount
      }
    }
    var active = 0
    for row in 0..<rows {
      for column in 0..<columns {
        let tileWidth = min(Self.tileSide, width - column * Self.tileSide)
        let tileHeight = min(Self.tileSide, height - row * Self.tileSide)
        let limit = threshold * Double(tileWidth * tileHeight)
        if Double(counts[row * columns + column]) > limit { active += 1 }
      }
    }
    return Double(active) / Double(columns * rows)
  }
}
