public import Foundation

/// The metrics of a run as JSON lines, `metrics.jsonl`: one object per row, `step` first.
///
/// It is cut and continued as ``MetricsCSV`` is. JSON has no word for a number that is none, so
/// such a value is `null`.
public struct MetricsJSONLines: Sendable {
  private struct Line: Decodable {
    let step: Int
  }

  private let file: AppendOnlyFile

  /// Begins or continues a file.
  ///
  /// - Parameters:
  ///   - url: the file.
  ///   - step: the first step that will be run again; nil begins a new file in any case.
  /// - Throws: ``ReportError`` if the file cannot be written or holds something else.
  public init(url: URL, resumingAt step: Int? = nil) throws(ReportError) {
    guard let step, FileManager.default.fileExists(atPath: url.path) else {
      file = try AppendOnlyFile(creating: url, text: "")
      return
    }
    let lines = try AppendOnlyFile.completeLines(of: url)
    let decoder = JSONDecoder()
    var kept = ""
    for (index, line) in lines.enumerated() {
      guard let row = try? decoder.decode(Line.self, from: Data(line.utf8)) else {
        if index == lines.count - 1 { break }
        throw .malformedLine(
          path: url.path, line: index + 1, reason: "is not a JSON object with a step")
      }
      if row.step < step { kept += line + "\n" }
    }
    file = try AppendOnlyFile(creating: url, text: kept)
  }

  /// Adds a row; its keys are sorted, so that equal rows are equal bytes.
  ///
  /// - Throws: ``ReportError`` if the disk is full or the file is gone.
  public func append(_ row: MetricsRow) throws(ReportError) {
    var text = "{\"step\":\(row.step)"
    for (name, value) in row.values.sorted(by: { $0.key < $1.key }) {
      text += ",\(Self.quoted(name)):\(value.isFinite ? NumberText.exact(value) : "null")"
    }
    try file.append(text + "}\n")
  }

  /// Waits until all rows are on the disk; call it before a checkpoint becomes valid.
  public func synchronize() throws(ReportError) {
    try file.synchronize()
  }

  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case _ where scalar.value < 0x20: result += String(format: "\\u%04x", scalar.value)
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
