public import Datasets
public import Foundation
public import Reports

/// The folder an evaluation writes into; older files of the same names are replaced.
public struct EvaluationFolder: Sendable {
  /// Where it is.
  public let url: URL

  /// Makes the folder and writes `command.txt`, so that a place that cannot be written is found
  /// before any work is done.
  ///
  /// - Throws: ``EvaluationError/cannotWrite(path:reason:)``.
  public init(_ url: URL, commandText: String) throws(EvaluationError) {
    self.url = url
    do {
      try FileManager.default.createDirectory(
        at: url.appendingPathComponent("pictures"), withIntermediateDirectories: true)
    } catch {
      throw .cannotWrite(path: url.path, reason: Self.reason(error))
    }
    try write(commandText, as: "command.txt")
  }

  /// Writes a text file.
  public func write(_ text: String, as name: String) throws(EvaluationError) {
    let file = url.appendingPathComponent(name)
    do {
      try Data(text.utf8).write(to: file, options: .atomic)
    } catch {
      throw .cannotWrite(path: file.path, reason: Self.reason(error))
    }
  }

  /// Writes an object as `results.json`.
  public func write(results: any Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try write(
      String(decoding: try encoder.encode(results), as: UTF8.self) + "\n", as: "results.json")
  }

  /// Writes `comparison.md`: the table of comparisons and a sentence for each; nothing without any.
  public func write(comparisons: [ModelComparison]) throws(EvaluationError) {
    guard let table = ComparisonTable.table(comparisons) else { return }
    let sentences = comparisons.map { "- \($0.sentence)" }.joined(separator: "\n")
    try write(table.markdown() + "\n\n" + sentences + "\n", as: "comparison.md")
  }

  /// Writes `skipped.txt`: one file a line, a tab, and the reason.
  public func write(skipped: [SkippedFile]) throws(EvaluationError) {
    try write(
      SkippedList(skipped.lazy.map { (path: $0.path, reason: $0.reason) }).text, as: "skipped.txt")
  }

  /// Writes a contact sheet into `pictures`.
  public func write(_ sheet: ContactSheet, as name: String) throws(ReportError) {
    try sheet.write(to: url.appendingPathComponent("pictures").appendingPathComponent(name))
  }

  /// Checks that a file can be written before the work that fills it.
  ///
  /// - Throws: ``EvaluationError/cannotWrite(path:reason:)``.
  public static func requireWritable(_ file: URL) throws(EvaluationError) {
    let files = FileManager.default
    let folder = file.deletingLastPathComponent()
    var isFolder: ObjCBool = false
    if files.fileExists(atPath: file.path, isDirectory: &isFolder), isFolder.boolValue {
      throw .cannotWrite(path: file.path, reason: "it is a folder")
    }
    guard files.fileExists(atPath: folder.path, isDirectory: &isFolder) else {
      throw .cannotWrite(path: file.path, reason: "the folder “\(folder.path)” does not exist")
    }
    guard isFolder.boolValue else {
      throw .cannotWrite(path: file.path, reason: "“\(folder.path)” is a file")
    }
    guard files.isWritableFile(atPath: folder.path) else {
      throw .cannotWrite(
        path: file.path, reason: "the folder “\(folder.path)” may not be written to")
    }
  }

  private static func reason(_ error: any Error) -> String {
    let error = error as NSError
    let cause = error.userInfo[NSUnderlyingErrorKey] as? NSError
    // Without a cause Foundation adds its own number in a second sentence.
    let text = (cause ?? error).localizedDescription.replacing(". (", with: " (")
    return text.hasSuffix(".") ? String(text.dropLast()) : text
  }
}
