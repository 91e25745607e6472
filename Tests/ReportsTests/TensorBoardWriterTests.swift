import Foundation
import Testing

@testable import Reports

@Suite struct TensorBoardWriterTests {
  private static let moment = Date(timeIntervalSince1970: 1_790_000_000.5)

  @Test func `the file begins with its version`() throws {
    try withTemporaryFolder { folder in
      let writer = try TensorBoardWriter(directory: folder, now: { Self.moment })
      #expect(writer.url.lastPathComponent.hasPrefix("events.out.tfevents.1790000000."))
      let events = try EventFile(contentsOf: writer.url).events
      #expect(events.count == 1)
      #expect(events[0].text(3) == "brain.Event:2")
      #expect(events[0].whole(1).map(Double.init(bitPattern:)) == 1_790_000_000.5)
    }
  }

  @Test func `scalars carry tag, step and value`() throws {
    try withTemporaryFolder { folder in
      let writer = try TensorBoardWriter(directory: folder)
      try writer.scalars(["loss/simmim": 0.4321, "loss/isr": -2], step: 300)
      try writer.scalars([:], step: 301)
      let events = try EventFile(contentsOf: writer.url).events
      #expect(events.count == 2)
      #expect(events[1].whole(2) == 300)
      let summary = try EventFile.message(try #require(events[1].bytes(5)))
      let values = try (summary[1] ?? []).map { field in
        guard case .bytes(let bytes) = field else { throw CocoaError(.coderReadCorrupt) }
        return try EventFile.message(bytes)
      }
      #expect(values.map { $0.text(1) } == ["loss/isr", "loss/simmim"])
      #expect(
        values.map { $0.whole(2).map { Float(bitPattern: UInt32($0)) } } == [-2, 0.4321])
    }
  }

  @Test func `a resumed run opens a second file with a session start`() throws {
    try withTemporaryFolder { folder in
      let first = try TensorBoardWriter(directory: folder, now: { Self.moment })
      let second = try TensorBoardWriter(directory: folder, resumingAt: 40, now: { Self.moment })
      #expect(first.url != second.url)
      let events = try EventFile(contentsOf: second.url).events
      #expect(events[1].whole(2) == 40)
      let session = try EventFile.message(try #require(events[1].bytes(7)))
      #expect(session.whole(1) == 1)
    }
  }

  /// TensorBoard itself, where a Python that has it is first on the path or named by `PYTHON`.
  @Test(.enabled(if: TensorBoardOracle.isAvailable, "needs Python with tensorboard"))
  func `TensorBoard reads scalars and the resume`() throws {
    try withTemporaryFolder { folder in
      let first = try TensorBoardWriter(
        directory: folder, now: { Date(timeIntervalSince1970: 1000) })
      for step in 0..<10 { try first.scalar("loss", Double(step) / 4, step: step) }
      let second = try TensorBoardWriter(
        directory: folder, resumingAt: 6, now: { Date(timeIntervalSince1970: 2000) })
      try second.scalar("loss", 99, step: 6)
      let read = try TensorBoardOracle.read(folder)
      #expect(read == "[[0,0.0],[1,0.25],[2,0.5],[3,0.75],[4,1.0],[5,1.25],[6,99.0]]\n")
    }
  }
}

/// TensorBoard's own reader, run in Python.
enum TensorBoardOracle {
  private static let python = ProcessInfo.processInfo.environment["PYTHON"] ?? "python3"

  static let isAvailable = (try? run(["-c", "import tensorboard"]))?.status == 0

  static func read(_ folder: URL) throws -> String {
    let script = """
      import json, sys
      from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
      events = EventAccumulator(sys.argv[1])
      events.Reload()
      scalars = [[s.step, s.value] for s in events.Scalars("loss")]
      print(json.dumps(scalars, separators=(",", ":")))
      """
    return try run(["-c", script, folder.path]).output
  }

  private static func run(_ arguments: [String]) throws -> (status: Int32, output: String) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [python] + arguments
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = FileHandle.nullDevice
    try process.run()
    let data = try pipe.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: data, as: UTF8.self))
  }
}
