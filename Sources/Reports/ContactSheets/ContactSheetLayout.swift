import Images

/// Where the parts of a contact sheet stand, and how they are drawn.
struct ContactSheetLayout {
  private struct PlacedTile {
    let tile: ContactSheet.Tile
    let x: Int
    let y: Int
    let width: Int
  }

  private struct PlacedText {
    let text: String
    let x: Int
    let y: Int
    let font: BitmapFont
    let colour: Canvas.Colour
  }

  private static let margin = 20
  private static let gap = 12
  private static let wideGap = 24
  /// Between the pictures of one tile.
  private static let seam = 2
  private static let frameWidth = 4
  private static let captionFont = BitmapFont(advance: 8)
  private static let rowFont = BitmapFont(advance: 9)
  private static let headingFont = BitmapFont(advance: 11)
  private static let titleFont = BitmapFont(advance: 13)

  private let tileWidth: Int
  private let tileHeight: Int
  private var tiles: [PlacedTile] = []
  private var texts: [PlacedText] = []
  private var width = 0
  private var height = 0

  /// Places everything.
  init(_ sheet: ContactSheet) {
    tileWidth = sheet.tileWidth
    tileHeight = sheet.tileHeight
    var y = Self.margin
    let room = sheet.maximumWidth - 2 * Self.margin
    place(sheet.title, y: &y, font: Self.titleFont, colour: .ink, room: room)
    for note in sheet.notes {
      place(note, y: &y, font: Self.rowFont, colour: .mutedInk, room: room)
    }
    for section in sheet.sections {
      y += 12
      if let heading = section.heading {
        place(heading, y: &y, font: Self.headingFont, colour: .ink, room: room)
        y += 4
      }
      for row in section.rows {
        if let title = row.title {
          y += 6
          place(title, y: &y, font: Self.rowFont, colour: .mutedInk, room: room)
        }
        place(row.tiles, y: &y, maximumWidth: sheet.maximumWidth)
      }
    }
    width += Self.margin
    height = y + Self.margin
  }

  /// Places a text, broken between words where it does not fit.
  private mutating func place(
    _ text: String, y: inout Int, font: BitmapFont, colour: Canvas.Colour, room: Int
  ) {
    var lines: [String] = []
    for word in text.split(separator: " ") {
      if let last = lines.last, font.width(of: last + " " + word) <= room {
        lines[lines.count - 1] = last + " " + word
      } else {
        lines.append(String(word))
      }
    }
    for line in lines {
      let line = font.fitted(line, width: room)
      texts.append(PlacedText(text: line, x: Self.margin, y: y, font: font, colour: colour))
      width = max(width, Self.margin + font.width(of: line))
      y += font.lineHeight + 2
    }
  }

  private mutating func place(_ row: [ContactSheet.Tile], y: inout Int, maximumWidth: Int) {
    guard !row.isEmpty else { return }
    y += Self.frameWidth
    var x = Self.margin + Self.frameWidth
    var captionLines = 0
    for tile in row {
      let count = max(tile.images.count, 1)
      let tileSpan = count * tileWidth + (count - 1) * Self.seam
      if x > Self.margin + Self.frameWidth,
        x + tileSpan + Self.frameWidth + Self.margin > maximumWidth
      {
        y += rowHeight(captionLines)
        x = Self.margin + Self.frameWidth
        captionLines = 0
      }
      tiles.append(PlacedTile(tile: tile, x: x, y: y, width: tileSpan))
      captionLines = max(captionLines, tile.caption.count)
      width = max(width, x + tileSpan + Self.frameWidth)
      x += tileSpan + (tile.isSetApart ? Self.wideGap : Self.gap)
    }
    y += rowHeight(captionLines)
  }

  private func rowHeight(_ captionLines: Int) -> Int {
    tileHeight + Self.frameWidth + 4 + captionLines * Self.captionFont.lineHeight + 10
  }

  /// Draws what was placed.
  func rendered() -> Image {
    var canvas = Canvas(width: max(width, 64), height: max(height, 32))
    for text in texts {
      text.font.draw(text.text, x: text.x, y: text.y, colour: text.colour, on: &canvas)
    }
    for placed in tiles { draw(placed, on: &canvas) }
    return canvas.image
  }

  private func draw(_ placed: PlacedTile, on canvas: inout Canvas) {
    let tile = placed.tile
    let colour: Canvas.Colour? =
      switch tile.frame {
      case .none: nil
      case .green: .green
      case .red: .red
      case .grey: .grey
      }
    if let colour {
      canvas.fill(
        x: placed.x - Self.frameWidth, y: placed.y - Self.frameWidth,
        width: placed.width + 2 * Self.frameWidth, height: tileHeight + 2 * Self.frameWidth,
        colour: colour)
      // Pictures that stand apart inside one frame stay on white.
      canvas.fill(
        x: placed.x, y: placed.y, width: placed.width, height: tileHeight, colour: .white)
    }
    for index in 0..<max(tile.images.count, 1) {
      let left = placed.x + index * (tileWidth + Self.seam)
      canvas.fill(x: left, y: placed.y, width: tileWidth, height: tileHeight, colour: .empty)
      guard index < tile.images.count else { continue }
      let fitted = fitted(tile.images[index])
      canvas.draw(
        fitted, x: left + (tileWidth - fitted.width) / 2,
        y: placed.y + (tileHeight - fitted.height) / 2, dimmed: tile.isDimmed)
    }
    for (line, text) in tile.caption.enumerated() {
      Self.captionFont.draw(
        Self.captionFont.fitted(text, width: placed.width + Self.gap - 4), x: placed.x,
        y: placed.y + tileHeight + Self.frameWidth + 4 + line * Self.captionFont.lineHeight,
        colour: tile.isDimmed ? .mutedInk : .ink, on: &canvas)
    }
  }

  /// The picture at the largest size that fits a tile, its aspect kept.
  private func fitted(_ image: Image) -> Image {
    let scale = min(
      Double(tileWidth) / Double(image.width), Double(tileHeight) / Double(image.height))
    let width = min(max(Int((Double(image.width) * scale).rounded()), 1), tileWidth)
    let height = min(max(Int((Double(image.height) * scale).rounded()), 1), tileHeight)
    guard width != image.width || height != image.height else { return image }
    return image.resized(width: width, height: height, filter: .bicubic)
  }
}
