import Foundation
import Testing

/// `tools/convert-torch` with files of torch, where a Python with torch is at hand.
@Suite struct ConverterTests {
  private static let python = ProcessInfo.processInfo.environment["SWIFT_VISION_PYTHON"]
  private static let tools = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().appendingPathComponent("../../tools").standardized

  @Test(.enabled(if: python != nil, "set SWIFT_VISION_PYTHON=$(tools/python)"))
  func `knows the names of every repository`() throws {
    let run = try ProgramRun(
      URL(fileURLWithPath: try #require(Self.python)),
      ["-m", "unittest", "discover", Self.tools.appendingPathComponent("convert-torch-tests").path])
    #expect(run.exit == 0, "\(run.errors.suffix(2000))")
    #expect(run.errors.contains("\nOK"))
  }
}
