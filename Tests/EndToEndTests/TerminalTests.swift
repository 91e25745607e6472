import Foundation
import Testing

#if os(Linux)
  /// What a person sees on a terminal, made by the program `script`, whose flags differ elsewhere.
  @Suite struct TerminalTests {
    /// Everything that a short run writes to a terminal.
    private func screen(_ environment: [String: String]) throws -> String {
      let footage = try PretrainFootage()
      defer { footage.remove() }
      try footage.writeLabelledWalk(frames: 12)
      let program = ProgramRun.folder.appendingPathComponent("vision-pretrain").path
      let words =
        [program, footage.path("walk.mp4"), "--output", footage.path("run")] + footage.quick
      let quoted = words.map { "'" + $0.replacing("'", with: "'\\''") + "'" }
      let command = quoted.joined(separator: " ")
      let run = try ProgramRun(
        URL(fileURLWithPath: "/usr/bin/script"), ["-qec", command, "/dev/null"],
        environment: ["TERM": "xterm", "CI": ""].merging(environment) { $1 })
      #expect(run.exit == 0, "\(run.output)")
      return run.output
    }

    /// Colours are escapes that end in "m"; the one that clears a line, "[K", is none.
    private func hasColour(_ text: String) -> Bool {
      text.contains(/\u{1B}\[[0-9;]*m/)
    }

    @Test func `a terminal gets a bar in colours that NO_COLOR takes away`() throws {
      let plain = try screen(["NO_COLOR": "1"])
      #expect(plain.contains("\r") && plain.contains("━") && !hasColour(plain), "\(plain)")
      let coloured = try screen(["NO_COLOR": ""])
      #expect(coloured.contains("━") && hasColour(coloured), "\(coloured)")
    }
  }
#endif
