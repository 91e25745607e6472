public import Foundation
import Spelling

/// The table of metrics of a run, `metrics.csv`: one row per logged step, under a fixed header.
///
/// A resumed run leaves the same file as one that was never stopped: rows at or beyond the step
/// where it resumes are dropped, for they will be written again, and no column depends on the
/// clock. Times and rates belong in a second file (``MetricsLog`` writes `timing.csv`).
///
/// Values are written as the shortest decimal that reads back exactly; no number is `nan`, an
/// absent one is empty.
public struct MetricsCSV: Sendable {
  /// Columns after the first, which is always `step`.
  public let columns: [String]
  private let file: AppendOnlyFile

  /// Begins or continues a table.
  ///
  /// - Parameters:
  ///   - url: the file.
  ///   - columns: names of the columns after `step`.
  ///   - step: the first step that will be run again; nil begins a new file in any case.
  /// - Throws: ``ReportError`` if the file cannot be written, or if it has other columns.
  public init(url: URL, columns: [String], resumingAt step: Int? = nil) throws(ReportError) {
    self.columns = columns
    let header = (["step"] + columns).map(Self.cell).joined(separator: ",")
    guard let step, FileManager.default.fileExists(atPath: url.path) else {
      file = try AppendOnlyFile(creating: url, text: header + "\n")
      return
    }
    let lines = try AppendOnlyFile.completeLines(of: url)
    var kept = [header]
    if let first = lines.first {
      guard first == header else {
        throw .columnsDiffer(
          path: url.path, expected: ["step"] + columns, found: Self.cells(of: first))
      }
      for (index, line) in lines.enumerated().dropFirst() {
        let cells = Self.cells(of: line)
        guard let rowStep = cells.first.flatMap({ Int($0) }), cells.count == columns.count + 1
        else {
          // A machine that lost its power may leave a torn tail; everything from there is cut.
          if index == lines.count - 1 { break }
          throw .malformedLine(
            path: url.path, line: index + 1,
            reason: "does not hold a step and \(columns.count) values")
        }
        if rowStep < step { kept.append(line) }
      }
    }
    file = try AppendOnlyFile(creating: url, text: kept.joined(separator: "\n") + "\n")
  }

  /// Adds a row.
  ///
  /// - Precondition: every name in the row is a column.
  /// - Throws: ``ReportError`` if the disk is full or the file is gone.
  public func append(_ row: MetricsRow) throws(ReportError) {
    let unknown = row.values.keys.filter { !columns.contains($0) }
    precondition(
      unknown.isEmpty, "MetricsCSV: no column \(unknown.sorted()) among \(columns)")
    var cells = ["\(row.step)"]
    for column in columns {
      cells.append(row.values[column].map(NumberText.exact) ?? "")
    }
    try file.append(cells.joined(separator: ",") + "\n")
  }

  /// Waits until all rows are on the disk; call it before a checkpoint becomes valid.
  public func synchronize() throws(ReportError) {
    try file.synchronize()
  }

  /// Reads a table back, for charts and for checks.
  ///
  /// - Throws: ``ReportError`` if the file is missing or a line is malformed.
  public static func rows(of url: URL) throws(ReportError) -> [MetricsRow] {
    let lines = try AppendOnlyFile.completeLines(of: url)
    guard let header = lines.first else { return [] }
    let columns = cells(of: header)
    var rows: [MetricsRow] = []
    for (index, line) in lines.enumerated().dropFirst() {
      let cells = cells(of: line)
      guard let step = cells.first.flatMap({ Int($0) }), cells.count == columns.count else {
        throw .malformedLine(
          path: url.path, line: index + 1, reason: "does not have the cells of the header")
      }
      var values: [String: Double] = [:]
      for (column, cell) in zip(columns, cells).dropFirst() where !cell.isEmpty {
        guard let value = Double(cell) else {
          throw .malformedLine(
            path: url.path, line: index + 1, reason: "has no number in \(column)")
        }
        values[column] = value
      }
      rows.append(MetricsRow(step: step, values: values))
    }
    return rows
  }

  private static func cell(_ text: String) -> String { CommaSeparated.quoted(text.printable) }

  private static func cells(of line: String) -> [String] {
    CommaSeparated.rows(Array(line.utf8)).first?.fields ?? [""]
  }
}
