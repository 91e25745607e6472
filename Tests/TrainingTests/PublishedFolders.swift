import Foundation
import Testing
import Training

/// Folders as other libraries wrote them, and copies of them with changes.
enum PublishedFolders {
  static func folder(_ name: String) throws -> URL {
    try #require(
      Bundle.module.url(forResource: name, withExtension: nil, subdirectory: "Goldens"))
  }

  static func copy(
    of name: String, _ changes: (URL) throws -> Void = { _ in }
  ) throws -> URL {
    let copy = FileManager.default.temporaryDirectory.appendingPathComponent("folder-\(UUID())")
    try FileManager.default.copyItem(at: try folder(name), to: copy)
    try changes(copy)
    return copy
  }

  static func change(_ file: URL, _ body: (inout [String: Any]) -> Void) throws {
    var object = try fields(file)
    body(&object)
    try JSONSerialization.data(withJSONObject: object).write(to: file)
  }

  static func fields(_ url: URL) throws -> [String: Any] {
    try #require(
      JSONSerialization.jsonObject(with: Data(contentsOf: url)) as? [String: Any])
  }

  /// Why a folder whose `config.json` was changed cannot be opened; empty where it can.
  static func changed(_ name: String, _ old: String, _ new: String) throws -> String {
    let copy = FileManager.default.temporaryDirectory.appendingPathComponent("folder-\(UUID())")
    defer { try? FileManager.default.removeItem(at: copy) }
    try FileManager.default.copyItem(at: try folder(name), to: copy)
    let file = copy.appendingPathComponent("config.json")
    let text = try String(contentsOf: file, encoding: .utf8)
    #expect(text.contains(old))
    try Data(text.replacingOccurrences(of: old, with: new).utf8).write(to: file)
    do {
      _ = try ModelFolder.load(copy.path)
      return ""
    } catch {
      return "\(error)"
    }
  }
}
