import Foundation
import Testing

@testable import Reports

@Suite struct RunLogTests {
  private static let moment = Date(timeIntervalSince1970: 1_790_000_000)

  @Test func `every message is in the file with its time`() throws {
    try withTemporaryFolder { folder in
      let url = folder.appendingPathComponent("log.txt")
      let captured = CapturedText()
      let log = try RunLog(file: url, console: captured.console(), now: { Self.moment })
      log.notice("3 videos found")
      log.detail("decoder: h264")
      log.warning("clip.mp4 skipped:\nno people")
      log.error("no pairs")
      #expect(
        try text(of: url) == """
          2026-09-21T14:13:20Z notice  3 videos found
          2026-09-21T14:13:20Z detail  decoder: h264
          2026-09-21T14:13:20Z warning clip.mp4 skipped:
            no people
          2026-09-21T14:13:20Z error   no pairs

          """)
      #expect(
        captured.text == """
          3 videos found
          warning: clip.mp4 skipped:
          no people
          error: no pairs

          """)
    }
  }

  @Test func `a resumed run appends`() throws {
    try withTemporaryFolder { folder in
      let url = folder.appendingPathComponent("log.txt")
      for part in 1...2 {
        try RunLog(file: url, console: CapturedText().console(.quiet), now: { Self.moment })
          .notice("part \(part)")
      }
      let lines = try text(of: url).split(separator: "\n")
      #expect(lines.count == 2)
      #expect(lines[1].hasSuffix("part 2"))
    }
  }

  @Test func `quiet keeps warnings and verbose adds details`() throws {
    let quiet = CapturedText()
    let verbose = CapturedText()
    for captured in [(quiet, Verbosity.quiet), (verbose, .verbose)] {
      let log = try RunLog(file: nil, console: captured.0.console(captured.1))
      for level in RunLog.Level.allCases { log.log(level, level.rawValue) }
    }
    #expect(quiet.lines == ["warning: warning", "error: error"])
    #expect(verbose.lines == ["detail", "notice", "warning: warning", "error: error"])
  }

  @Test func `a name cannot fake a line or colour the terminal`() throws {
    let captured = CapturedText()
    let log = try RunLog(file: nil, console: captured.console())
    log.notice("skipped \u{1B}[2Jx\r.mp4")
    #expect(captured.text == "skipped \\u{1B}[2Jx\\u{D}.mp4\n")
  }

  @Test func `a file that cannot be made is a sentence`() throws {
    try withTemporaryFolder { folder in
      let url = folder.appendingPathComponent("missing/log.txt")
      let error = #expect(throws: ReportError.self) {
        try RunLog(file: url, console: CapturedText().console())
      }
      let sentence = "\(try #require(error))"
      #expect(sentence.hasPrefix("Cannot write \(url.path): "))
      #expect(sentence.contains("No such file or directory"))
    }
  }

  @Test(.enabled(if: FileManager.default.fileExists(atPath: "/dev/full")))
  func `a full disk does not end the run and is told once`() throws {
    let captured = CapturedText()
    let log = try RunLog(file: URL(fileURLWithPath: "/dev/full"), console: captured.console())
    log.notice("one")
    log.notice("two")
    #expect(captured.lines.count == 3)
    #expect(captured.lines[1].hasPrefix("warning: The log stops here. Cannot write /dev/full: "))
    #expect(captured.lines[1].contains("No space left on device"))
    #expect(captured.lines[2] == "two")
  }
}
