import Foundation
import Testing

@testable import Reports

@Suite struct ConsoleTests {
  @Test func `a line printed over a bar leaves both whole`() {
    let captured = CapturedText()
    let console = captured.console(isTerminal: true)
    console.show(status: "bar")
    console.print("a warning")
    console.clearStatus()
    console.clearStatus()
    console.print("done")
    #expect(
      captured.text
        == "\rbar\u{1B}[K" + "\r\u{1B}[Ka warning\nbar" + "\r\u{1B}[K" + "done\n")
  }

  @Test func `a bar never reaches a file`() {
    let captured = CapturedText()
    captured.console().show(status: "bar")
    #expect(captured.text.isEmpty)
  }

  @Test func `levels filter`() {
    let captured = CapturedText()
    for verbosity in Verbosity.allCases {
      let console = captured.console(verbosity)
      for minimum in Verbosity.allCases {
        console.print("\(verbosity)/\(minimum)", minimum: minimum)
      }
    }
    #expect(
      captured.lines == [
        "quiet/quiet", "normal/quiet", "normal/normal", "verbose/quiet", "verbose/normal",
        "verbose/verbose",
      ])
  }

  @Test func `NO_COLOR turns colours off`() {
    #expect(!Console.standardError(environment: ["NO_COLOR": "1"]).usesColour)
    #expect(!Console.standardError(environment: ["TERM": "dumb"]).isTerminal)
  }

  @Test func `odd names are spelled out`() {
    #expect("a\u{1B}[31mb\nc\u{202E}d é 漢".printable == "a\\u{1B}[31mb\\u{A}c\\u{202E}d é 漢")
    #expect("a\r\nb".printable == "a\\u{D}\\u{A}b")
  }
}
