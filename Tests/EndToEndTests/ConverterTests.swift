import Foundation
import Testing

/// `tools/convert-torch` with files of torch, where a Python with torch is at hand.
@Suite struct ConverterTests {
  @Test(.enabled(if: OtherSoftware.python != nil, "set SWIFT_VISION_PYTHON=$(tools/python)"))
  func `knows the names of every repository`() throws {
    let run = try OtherSoftware.run(
      ["-m", "unittest", "discover", OtherSoftware.tools.path + "/convert-torch-tests"])
    #expect(run.errors.contains("\nOK"))
  }
}
