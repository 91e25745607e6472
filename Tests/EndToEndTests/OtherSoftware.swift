import Foundation
import Testing

/// Other people's software, which some tests compare with.
enum OtherSoftware {
  /// The interpreter that `tools/python` makes, named by `SWIFT_VISION_PYTHON`; tests that need it are
  /// skipped without it, except in continuous integration.
  static let python = ProcessInfo.processInfo.environment["SWIFT_VISION_PYTHON"]

  /// The folder of the tools.
  static let tools = ReadmeTests.root.appendingPathComponent("tools")

  /// Runs Python to a good end.
  static func run(_ arguments: [String], directory: URL? = nil) throws -> ProgramRun {
    let run = try ProgramRun(
      URL(fileURLWithPath: try #require(python)), arguments, directory: directory)
    #expect(run.exit == 0, "\(run.errors.suffix(2000))")
    return run
  }
}

@Suite struct OtherSoftwareTests {
  @Test func `continuous integration has a Python`() {
    let isContinuousIntegration = ProcessInfo.processInfo.environment["CI"] != nil
    #expect(!isContinuousIntegration || OtherSoftware.python != nil, "tools/test sets it")
  }
}
