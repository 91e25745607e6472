import Foundation
import Testing

@testable import Reports

@Suite struct MetricsTests {
  private static let columns = ["loss/simmim", "loss/isr", "rate"]

  private static func row(_ step: Int) -> MetricsRow {
    var values = ["loss/simmim": Double(Float(1 / Float(step + 3))), "rate": 3e-4]
    if step.isMultiple(of: 3) { values["loss/isr"] = sqrt(Double(step)) }
    if step == 7 { values["loss/isr"] = .nan }
    return MetricsRow(step: step, values: values)
  }

  @Test func `the file is as documented`() throws {
    try withTemporaryFolder { folder in
      let url = folder.appendingPathComponent("metrics.csv")
      let csv = try MetricsCSV(url: url, columns: ["loss", "odd,\"name\""])
      try csv.append(MetricsRow(step: 0, values: ["loss": Double(Float(0.4321))]))
      try csv.append(
        MetricsRow(step: 10, values: ["loss": .infinity, "odd,\"name\"": 0.1234567890123]))
      try csv.synchronize()
      #expect(
        try text(of: url)
          == "step,loss,\"odd,\"\"name\"\"\"\n0,0.4321,\n10,inf,0.1234567890123\n")
      let rows = try MetricsCSV.rows(of: url)
      #expect(rows.map(\.step) == [0, 10])
      #expect(rows[1].values == ["loss": .infinity, "odd,\"name\"": 0.1234567890123])
    }
  }

  /// Runs 20 steps; at each stop the process dies some rows after its last checkpoint.
  private func files(
    in folder: URL, stops: [(checkpoint: Int, dies: Int)], tornBy torn: Int = 0
  ) throws -> [String] {
    let names = ["metrics.csv", "metrics.jsonl"]
    let urls = names.map { folder.appendingPathComponent($0) }
    var start: Int?
    for stop in stops + [(checkpoint: 20, dies: 20)] {
      let csv = try MetricsCSV(url: urls[0], columns: Self.columns, resumingAt: start)
      let lines = try MetricsJSONLines(url: urls[1], resumingAt: start)
      for step in (start ?? 0)..<stop.dies {
        try csv.append(Self.row(step))
        try lines.append(Self.row(step))
      }
      start = stop.checkpoint
      if stop.dies < 20, torn > 0 {
        for url in urls {
          let data = try Data(contentsOf: url)
          try data.dropLast(torn).write(to: url)
        }
      }
    }
    return try urls.map { try text(of: $0) }
  }

  @Test(arguments: [0, 1, 4])
  func `a stopped and resumed run leaves the same bytes`(torn: Int) throws {
    let whole = try withTemporaryFolder { try files(in: $0, stops: []) }
    let resumed = try withTemporaryFolder { folder in
      try files(in: folder, stops: [(0, 3), (5, 9), (5, 8), (12, 13)], tornBy: torn)
    }
    #expect(whole == resumed)
    #expect(whole[0].split(separator: "\n").count == 21)
    #expect(whole[1].contains("{\"step\":7,\"loss/isr\":null,"))
  }

  @Test func `a fresh run replaces an old file`() throws {
    try withTemporaryFolder { folder in
      let url = folder.appendingPathComponent("metrics.csv")
      try MetricsCSV(url: url, columns: ["a"]).append(MetricsRow(step: 0, values: ["a": 1]))
      _ = try MetricsCSV(url: url, columns: ["b"])
      #expect(try text(of: url) == "step,b\n")
    }
  }

  @Test func `other columns are refused with both lists`() throws {
    try withTemporaryFolder { folder in
      let url = folder.appendingPathComponent("metrics.csv")
      _ = try MetricsCSV(url: url, columns: ["a", "b"])
      #expect(
        throws: ReportError.columnsDiffer(
          path: url.path, expected: ["step", "a", "c"], found: ["step", "a", "b"])
      ) {
        try MetricsCSV(url: url, columns: ["a", "c"], resumingAt: 3)
      }
    }
  }

  @Test func `damage in the middle is refused with its line`() throws {
    try withTemporaryFolder { folder in
      let url = folder.appendingPathComponent("metrics.csv")
      try Data("step,a\n0,1\nx\n2,1\n".utf8).write(to: url)
      #expect(throws: ReportError.self) { try MetricsCSV.rows(of: url) }
      let error = #expect(throws: ReportError.self) {
        try MetricsCSV(url: url, columns: ["a"], resumingAt: 3)
      }
      #expect("\(try #require(error))".contains("line 3 does not hold a step and 1 values"))
      let lines = folder.appendingPathComponent("metrics.jsonl")
      try Data("{\"step\":0}\n{\n{\"step\":2}\n".utf8).write(to: lines)
      #expect(throws: ReportError.self) { try MetricsJSONLines(url: lines, resumingAt: 3) }
    }
  }

  @Test func `JSON lines are JSON`() throws {
    try withTemporaryFolder { folder in
      let url = folder.appendingPathComponent("metrics.jsonl")
      let lines = try MetricsJSONLines(url: url)
      try lines.append(MetricsRow(step: 4, values: ["odd \"\\\n": -1.5e-7, "b": .nan, "c": 3]))
      let line = try text(of: url).trimmingCharacters(in: .newlines)
      let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
      let values = try #require(object)
      #expect(values["step"] as? Int == 4)
      #expect(values["odd \"\\\n"] as? Double == -1.5e-7)
      #expect(values["b"] is NSNull)
      #expect(values["c"] as? Double == 3)
    }
  }

  @Test func `one call fills every file and times stay apart`() throws {
    try withTemporaryFolder { folder in
      let log = try MetricsLog(directory: folder, columns: ["loss"])
      try log.append(MetricsRow(step: 1, values: ["loss": 2]), seconds: 0.5, imagesPerSecond: 128)
      try log.synchronize()
      #expect(try text(of: folder.appendingPathComponent("metrics.csv")) == "step,loss\n1,2.0\n")
      #expect(
        try text(of: folder.appendingPathComponent("timing.csv"))
          == "step,seconds,imagesPerSecond\n1,0.5,128.0\n")
      #expect(
        try text(of: folder.appendingPathComponent("metrics.jsonl"))
          == "{\"step\":1,\"loss\":2.0}\n")
    }
  }

  @Test(.enabled(if: FileManager.default.fileExists(atPath: "/dev/full")))
  func `a full disk is an error that says so`() throws {
    let file = try AppendOnlyFile(appendingTo: URL(fileURLWithPath: "/dev/full"))
    let error = #expect(throws: ReportError.self) { try file.append("row\n") }
    #expect("\(try #require(error))".contains("No space left on device"))
  }
}
