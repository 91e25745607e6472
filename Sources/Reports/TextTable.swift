import Foundation

/// A table of text that is printed aligned on a terminal, as Markdown, or in an ``HTMLReport``.
public struct TextTable: Sendable, Equatable {
  /// A column's title and the side its cells lean to.
  public struct Column: Sendable, Equatable {
    /// Where the cells of a column begin or end.
    public enum Alignment: Sendable, Equatable {
      /// Words.
      case left
      /// Numbers.
      case right
    }

    /// Text above the cells.
    public var title: String
    /// The side the cells lean to.
    public var alignment: Alignment

    /// Makes a column.
    public init(_ title: String, _ alignment: Alignment = .left) {
      self.title = title
      self.alignment = alignment
    }
  }

  /// The protocol behind the numbers, or what the table shows; printed below it.
  public var caption: String?
  /// Columns from left to right.
  public var columns: [Column]
  /// Cells, one list per row, as many as there are columns.
  public private(set) var rows: [[String]] = []

  /// Makes a table.
  ///
  /// - Precondition: every row has one cell per column.
  public init(columns: [Column], rows: [[String]] = [], caption: String? = nil) {
    self.columns = columns
    self.caption = caption
    for row in rows { append(row) }
  }

  /// Adds a row.
  ///
  /// - Precondition: one cell per column.
  public mutating func append(_ cells: [String]) {
    precondition(
      cells.count == columns.count,
      "TextTable: a row of \(cells.count) cells for \(columns.count) columns")
    rows.append(cells)
  }

  /// The table with aligned columns for a terminal or a log.
  public func plain() -> String {
    let cells = rows.map { $0.map(\.printable) }
    let widths = widths(of: cells)
    var lines = [line(columns.map(\.title), widths, separator: "  ")]
    lines.append(widths.map { String(repeating: "─", count: $0) }.joined(separator: "  "))
    lines += cells.map { line($0, widths, separator: "  ") }
    if let caption { lines.append(caption.printable) }
    return lines.joined(separator: "\n")
  }

  /// The table in GitHub's Markdown, with aligned source.
  public func markdown() -> String {
    let cells = rows.map { $0.map { $0.printable.replacingOccurrences(of: "|", with: "\\|") } }
    let widths = widths(of: cells).map { max($0, 3) }
    func framed(_ text: String) -> String { "| \(text) |" }
    var lines = [framed(line(columns.map(\.title), widths, separator: " | ", trims: false))]
    lines.append(
      framed(
        zip(columns, widths).map { column, width in
          column.alignment == .right
            ? String(repeating: "-", count: width - 1) + ":" : String(repeating: "-", count: width)
        }.joined(separator: " | ")))
    lines += cells.map { framed(line($0, widths, separator: " | ", trims: false)) }
    if let caption { lines += ["", caption.printable] }
    return lines.joined(separator: "\n")
  }

  private func widths(of cells: [[String]]) -> [Int] {
    columns.indices.map { column in
      ([columns[column].title] + cells.map { $0[column] }).map(\.terminalWidth).max() ?? 0
    }
  }

  private func line(
    _ cells: [String], _ widths: [Int], separator: String, trims: Bool = true
  ) -> String {
    let padded = zip(zip(cells, columns), widths).map { pair, width in
      let space = String(repeating: " ", count: max(width - pair.0.terminalWidth, 0))
      return pair.1.alignment == .right ? space + pair.0 : pair.0 + space
    }
    let text = padded.joined(separator: separator)
    guard trims, let end = text.lastIndex(where: { $0 != " " }) else { return text }
    return String(text[...end])
  }
}
