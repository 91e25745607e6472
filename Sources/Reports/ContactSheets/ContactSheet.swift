public import Foundation
public import Images

/// A sheet of small pictures with captions and coloured frames, in titled rows and sections.
public struct ContactSheet: Sendable {
  /// The colour around a tile.
  public enum Frame: Sendable, Equatable, CaseIterable {
    /// No frame.
    case none
    /// Right: the same person.
    case green
    /// Wrong: another person.
    case red
    /// Not counted.
    case grey
  }

  /// One or several pictures side by side, with a caption below.
  public struct Tile: Sendable {
    /// Pictures from left to right, each fitted into the sheet's tile size.
    public var images: [Image]
    /// Lines below the pictures; what does not fit the width is cut.
    public var caption: [String]
    /// The colour around the pictures.
    public var frame: Frame
    /// Whether the pictures are drawn pale and grey.
    public var isDimmed: Bool
    /// Whether a wider gap follows, as between a query and its results.
    public var isSetApart: Bool

    /// Makes a tile.
    public init(
      _ images: [Image], caption: [String] = [], frame: Frame = .none, isDimmed: Bool = false,
      isSetApart: Bool = false
    ) {
      self.images = images
      self.caption = caption
      self.frame = frame
      self.isDimmed = isDimmed
      self.isSetApart = isSetApart
    }
  }

  /// Tiles from left to right, wrapped where the sheet ends.
  public struct Row: Sendable {
    /// A line above the tiles.
    public var title: String?
    /// The tiles.
    public var tiles: [Tile]

    /// Makes a row.
    public init(title: String? = nil, tiles: [Tile]) {
      self.title = title
      self.tiles = tiles
    }
  }

  /// Rows under a heading.
  public struct Section: Sendable {
    /// The heading.
    public var heading: String?
    /// The rows.
    public var rows: [Row]

    /// Makes a section.
    public init(heading: String? = nil, rows: [Row]) {
      self.heading = heading
      self.rows = rows
    }
  }

  /// The line at the top.
  public var title: String
  /// What the colours and captions mean; below the title.
  public var notes: [String]
  /// The sections, from top to bottom.
  public var sections: [Section]
  /// Columns of one picture.
  public var tileWidth: Int
  /// Rows of one picture.
  public var tileHeight: Int
  /// Columns of the whole sheet at most; rows are wrapped there.
  ///
  /// The default is what an ``HTMLReport`` shows without shrinking the letters.
  public var maximumWidth: Int

  /// Makes a sheet.
  ///
  /// - Precondition: tile sizes are positive and a tile fits the width.
  public init(
    title: String, notes: [String] = [], sections: [Section] = [], tileWidth: Int = 76,
    tileHeight: Int = 152, maximumWidth: Int = 1056
  ) {
    precondition(
      tileWidth > 0 && tileHeight > 0 && maximumWidth >= tileWidth + 64,
      "ContactSheet: tiles of \(tileWidth)×\(tileHeight) on a sheet of \(maximumWidth)")
    self.title = title
    self.notes = notes
    self.sections = sections
    self.tileWidth = tileWidth
    self.tileHeight = tileHeight
    self.maximumWidth = maximumWidth
  }

  /// Draws the sheet.
  public func rendered() -> Image {
    ContactSheetLayout(self).rendered()
  }

  /// Draws the sheet into a file, PNG or JPEG by its extension.
  ///
  /// - Throws: ``ReportError`` if the file cannot be written.
  public func write(to url: URL) throws(ReportError) {
    do throws(ImageError) {
      try rendered().write(to: url)
    } catch {
      guard case .unwritable(_, let reason) = error else {
        throw .cannotWrite(path: url.path, reason: "\(error)")
      }
      throw .cannotWrite(path: url.path, reason: reason)
    }
  }
}
