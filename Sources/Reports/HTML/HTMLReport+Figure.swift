import Foundation
import Images

extension HTMLReport {
  /// A picture inside the page.
  public struct Picture: Sendable {
    /// How the picture is placed in the page.
    enum Content: Sendable {
      /// The text of an SVG picture made by this module.
      case drawing(String)
      /// The bytes of an image file and their media type.
      case file([UInt8], mediaType: String)
    }

    let content: Content

    /// The bytes of a PNG file.
    public static func png(_ bytes: [UInt8]) -> Picture {
      Picture(content: .file(bytes, mediaType: "image/png"))
    }

    /// The bytes of a JPEG file.
    public static func jpeg(_ bytes: [UInt8]) -> Picture {
      Picture(content: .file(bytes, mediaType: "image/jpeg"))
    }

    /// A line chart.
    public static func chart(_ chart: LineChart) -> Picture {
      Picture(content: .drawing(chart.svg()))
    }

    /// A histogram.
    public static func chart(_ chart: Histogram) -> Picture {
      Picture(content: .drawing(chart.svg()))
    }

    /// A contact sheet, as JPEG: a sheet of photographs is several times larger as PNG.
    ///
    /// - Throws: ``ReportError`` if the sheet is too large to encode.
    public static func sheet(
      _ sheet: ContactSheet, quality: Int = 88
    ) throws(ReportError) -> Picture {
      do {
        return .jpeg(try sheet.rendered().encodedJPEG(quality: quality))
      } catch {
        throw .cannotWrite(path: sheet.title, reason: "\(error)")
      }
    }
  }

  /// A picture with its caption.
  public struct Figure: Sendable {
    /// The picture.
    public var picture: Picture
    /// What it shows.
    public var caption: String
    /// What a reader should check in it.
    public var lookFor: String?

    /// Makes a figure.
    public init(_ picture: Picture, caption: String, lookFor: String? = nil) {
      self.picture = picture
      self.caption = caption
      self.lookFor = lookFor
    }

    /// Whether the picture is a chart, which fits beside another.
    var isDrawing: Bool {
      if case .drawing = picture.content { return true }
      return false
    }
  }
}
