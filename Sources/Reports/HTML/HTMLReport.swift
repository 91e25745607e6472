public import Foundation

/// A report in one self-contained page: pictures, charts and style are inside the file.
///
/// Nothing is loaded from elsewhere and no script runs (a content policy in the page forbids both),
/// so the page can be mailed, archived and opened without a network. It follows the reader's light
/// or dark setting, fits small windows, and prints. All text is escaped: names of files may hold
/// any character.
///
/// ```swift
/// var report = HTMLReport(title: "Pretraining", subtitle: "runs/walk")
/// report.keyFigures = [.init("pairs mined", "12 480")]
/// report.sections = [.init("Loss", blocks: [.figure(.init(.chart(chart), caption: "…"))])]
/// try report.write(to: run.appendingPathComponent("report.html"))
/// ```
public struct HTMLReport: Sendable {
  /// A number that sums up the run, shown large.
  public struct KeyFigure: Sendable, Equatable {
    /// What is counted or measured.
    public var label: String
    /// The number, as text.
    public var value: String
    /// Its unit, shown smaller.
    public var unit: String?
    /// A line of context below: an interval, a comparison.
    public var note: String?

    /// Makes a key figure.
    public init(_ label: String, _ value: String, unit: String? = nil, note: String? = nil) {
      self.label = label
      self.value = value
      self.unit = unit
      self.note = note
    }
  }

  /// A file that was left out, and why.
  public struct SkippedFile: Sendable, Equatable {
    /// The file as the user named it.
    public var path: String
    /// Why it was left out.
    public var reason: String

    /// Makes an entry.
    public init(path: String, reason: String) {
      self.path = path
      self.reason = reason
    }
  }

  /// A part of the report under a heading.
  public struct Section: Sendable {
    /// The heading; also in the list of contents.
    public var title: String
    /// What follows the heading.
    public var blocks: [Block]

    /// Makes a section.
    public init(_ title: String, blocks: [Block]) {
      self.title = title
      self.blocks = blocks
    }
  }

  /// A piece of a section.
  public enum Block: Sendable {
    /// A paragraph.
    case text(String)
    /// A paragraph that stands out: an alarm, a caution about a number.
    case note(String)
    /// A table; its caption should state the protocol behind the numbers.
    case table(TextTable)
    /// A picture with its caption.
    case figure(Figure)
    /// Text in the letters of a terminal.
    case code(String)
  }

  /// The line at the top and in the window's title.
  public var title: String
  /// A second line: the run folder, the date.
  public var subtitle: String?
  /// Numbers that sum up the run.
  public var keyFigures: [KeyFigure]
  /// How the key figures were measured; stands below them.
  public var protocolText: String?
  /// The parts, from top to bottom.
  public var sections: [Section]
  /// The command line that made the run.
  public var command: String?
  /// The effective recipe.
  public var recipe: String?
  /// Files that were left out; nil leaves the section out, an empty list says that there are none.
  public var skipped: [SkippedFile]?

  /// Makes a report.
  public init(
    title: String, subtitle: String? = nil, keyFigures: [KeyFigure] = [],
    protocolText: String? = nil, sections: [Section] = [], command: String? = nil,
    recipe: String? = nil, skipped: [SkippedFile]? = nil
  ) {
    self.title = title
    self.subtitle = subtitle
    self.keyFigures = keyFigures
    self.protocolText = protocolText
    self.sections = sections
    self.command = command
    self.recipe = recipe
    self.skipped = skipped
  }

  /// Writes the page; an older one is replaced in one step.
  ///
  /// - Throws: ``ReportError`` if the file cannot be written.
  public func write(to url: URL) throws(ReportError) {
    do {
      try Data(html().utf8).write(to: url, options: .atomic)
    } catch {
      throw .cannotWrite(path: url.path, reason: error.reason)
    }
  }
}
