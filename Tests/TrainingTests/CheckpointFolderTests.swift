import Foundation
import Testing
import Training

/// A run may be killed between any two steps of a replacement; a complete checkpoint must remain.
final class CheckpointFolderTests {
  private let base: URL
  private var folder: CheckpointFolder { CheckpointFolder(base.appendingPathComponent("last")) }

  init() throws {
    base = FileManager.default.temporaryDirectory.appendingPathComponent("checkpoint-\(UUID())")
    try FileManager.default.createDirectory(at: base, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: base) }

  private func write(_ folder: String, weights: String?, sealed: Bool) throws {
    let url = base.appendingPathComponent(folder)
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    if let weights { try Data(weights.utf8).write(to: url.appendingPathComponent("weights")) }
    if sealed {
      try Data((weights ?? "").utf8).write(to: url.appendingPathComponent(CheckpointFolder.seal))
    }
  }

  private func replace(_ weights: String) throws {
    try folder.replace(state: Data(weights.utf8)) {
      try Data(weights.utf8).write(to: $0.appendingPathComponent("weights"))
    }
  }

  /// Weights and seal of the checkpoint; both must be of the same moment.
  private func contents() throws -> [String] {
    try ["weights", CheckpointFolder.seal].map {
      String(decoding: try Data(contentsOf: folder.url.appendingPathComponent($0)), as: UTF8.self)
    }
  }

  private func names() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: base.path).sorted()
  }

  @Test func `replaces a checkpoint as a whole and leaves nothing beside it`() throws {
    #expect(!folder.exists)
    for weights in ["1", "2", "3"] {
      try replace(weights)
      #expect(folder.exists)
      #expect(try contents() == [weights, weights])
      #expect(try names() == ["last"])
    }
  }

  private struct State: Decodable, Equatable {
    let step: Int
    let alarms: [String]
  }

  @Test func `a state of another version and one that is no JSON are told in a sentence`() throws {
    #expect(try folder.state(State.self) == nil)
    try replace(#"{"step": 3, "alarms": []}"#)
    #expect(try folder.state(State.self) == State(step: 3, alarms: []))
    for (text, word) in [
      (#"{"step": 3}"#, "has no \"alarms\", so another version"), ("{", "understood"),
    ] {
      try replace(text)
      let error = #expect(throws: CheckpointError.self) { try folder.state(State.self) }
      let sentence = error.map { "\($0)" } ?? ""
      #expect(sentence.contains(word) && sentence.contains(folder.url.path))
    }
  }

  struct Remains: Sendable, CustomTestStringConvertible {
    let testDescription: String
    /// Folder, weights, whether the seal was written.
    let folders: [(name: String, weights: String?, sealed: Bool)]
    let expected: String
  }

  static let remains = [
    Remains(
      testDescription: "killed before the first file",
      folders: [("last", "old", true)]
        + [("last.new", nil, false)], expected: "old"),
    Remains(
      testDescription: "killed while files are written",
      folders: [("last", "old", true), ("last.new", "half", false)], expected: "old"),
    Remains(
      testDescription: "killed before the old one was moved away",
      folders: [("last", "old", true), ("last.new", "new", true)], expected: "old"),
    Remains(
      testDescription: "killed before the new one was moved into place",
      folders: [("last.old", "old", true), ("last.new", "new", true)], expected: "new"),
    Remains(
      testDescription: "killed before the old one was deleted",
      folders: [("last", "new", true), ("last.old", "old", true)], expected: "new"),
    Remains(
      testDescription: "killed while the old one was deleted",
      folders: [("last", "new", true), ("last.old", "old", false)], expected: "new"),
    Remains(
      testDescription: "killed in the very first checkpoint, after its seal",
      folders: [("last.new", "new", true)], expected: "new"),
  ]

  @Test(arguments: remains)
  func `recovers a complete checkpoint`(_ remains: Remains) throws {
    for entry in remains.folders {
      try write(entry.name, weights: entry.weights, sealed: entry.sealed)
    }
    folder.recover()
    #expect(folder.exists)
    #expect(try contents() == [remains.expected, remains.expected])
    #expect(try names() == ["last"])
  }

  @Test(arguments: remains)
  func `the next checkpoint works whatever was left`(_ remains: Remains) throws {
    for entry in remains.folders {
      try write(entry.name, weights: entry.weights, sealed: entry.sealed)
    }
    try replace("next")
    #expect(try contents() == ["next", "next"])
    #expect(try names() == ["last"])
  }

  @Test func `a first checkpoint that was cut off counts as none`() throws {
    try write("last.new", weights: "half", sealed: false)
    try write("last.old", weights: nil, sealed: false)
    folder.recover()
    #expect(!folder.exists)
    try replace("whole")
    #expect(try contents() == ["whole", "whole"])
  }

  @Test func `a process that ends while it writes leaves the old checkpoint`() async throws {
    try replace("old")
    let path = folder.url.path
    await #expect(processExitsWith: .exitCode(9)) { [path = path as String] in
      try CheckpointFolder(URL(fileURLWithPath: path)).replace(state: Data("new".utf8)) {
        try Data("new".utf8).write(to: $0.appendingPathComponent("weights"))
        exit(9)
      }
    }
    #expect(try names() == ["last", "last.new"])
    folder.recover()
    #expect(try contents() == ["old", "old"])
    #expect(try names() == ["last"])
  }

  @Test func `an error while writing keeps the old checkpoint`() throws {
    struct Failure: Error {}
    try replace("old")
    #expect(throws: Failure.self) {
      try folder.replace(state: Data()) { _ in throw Failure() }
    }
    folder.recover()
    #expect(try contents() == ["old", "old"])
  }

  @Test func `a place that cannot be written is named`() throws {
    let file = base.appendingPathComponent("file")
    try Data().write(to: file)
    let blocked = CheckpointFolder(file.appendingPathComponent("last"))
    let error = #expect(throws: CheckpointError.self) {
      try blocked.replace(state: Data()) { _ in }
    }
    #expect(error.map { "\($0)".contains("file/last cannot be written") } == true)
  }
}
