import Foundation
import Testing

@testable import Reports

@Suite struct ProgressReporterTests {
  private func run(
    steps: Int, secondsPerStep: Double, on console: Console, completed: Int = 0, total: Int? = 1000,
    clock: ManualClock = ManualClock()
  ) -> ProgressReporter {
    let progress = ProgressReporter(
      "SimMIM", total: total, completed: completed, console: console, now: { clock.seconds })
    for _ in 0..<steps {
      clock.advance(secondsPerStep)
      progress.advance(items: 64, values: ["loss": 0.4321])
    }
    return progress
  }

  @Test func `a file gets one plain line per interval`() {
    let captured = CapturedText()
    let progress = run(steps: 250, secondsPerStep: 0.5, on: captured.console())
    #expect(captured.lines.count == 12)
    #expect(!captured.text.contains("\r"))
    #expect(!captured.text.contains("\u{1B}"))
    #expect(
      captured.lines[0] == "SimMIM  20/1000 (2 %)  128 images/s  loss 0.4321  8:10 left")
    progress.finish()
    #expect(captured.lines.last == "SimMIM  250/1000  128 images/s  loss 0.4321  in 2:05")
  }

  @Test func `a terminal gets one line that is redrawn`() {
    let captured = CapturedText()
    let progress = run(steps: 100, secondsPerStep: 0.5, on: captured.console(isTerminal: true))
    #expect(!captured.text.contains("\n"))
    let drawings = captured.text.components(separatedBy: "\r").dropFirst()
    #expect(drawings.count == 100)
    #expect(drawings.last?.contains("━") == true)
    #expect(drawings.last?.contains("7:30 left") == true)
    progress.finish()
    progress.finish()
    #expect(captured.text.components(separatedBy: "\n").count == 2)
  }

  @Test func `the bar is not redrawn more than ten times a second`() {
    let captured = CapturedText()
    _ = run(steps: 1000, secondsPerStep: 0.001, on: captured.console(isTerminal: true))
    #expect(captured.text.components(separatedBy: "\r").count <= 12)
  }

  @Test(arguments: [20, 40, 60, 80, 120, 300])
  func `the bar fits the window`(columns: Int) {
    let captured = CapturedText()
    _ = run(
      steps: 30, secondsPerStep: 1,
      on: captured.console(isTerminal: true, columns: columns))
    for drawing in captured.text.components(separatedBy: "\r").dropFirst() {
      let visible = drawing.replacingOccurrences(of: "\u{1B}[K", with: "")
      #expect(visible.terminalWidth < columns)
      #expect(visible.contains("SimMIM"))
    }
  }

  @Test func `colours are used only when asked for`() {
    let plain = CapturedText()
    _ = run(steps: 3, secondsPerStep: 1, on: plain.console(isTerminal: true))
    #expect(!plain.text.contains("m" + "━") && !plain.text.contains("\u{1B}[1m"))
    let coloured = CapturedText()
    _ = run(steps: 3, secondsPerStep: 1, on: coloured.console(isTerminal: true, usesColour: true))
    #expect(coloured.text.contains("\u{1B}[1mSimMIM\u{1B}[0m"))
  }

  @Test func `quiet shows nothing but the closing line is for normal`() {
    let captured = CapturedText()
    let progress = run(
      steps: 100, secondsPerStep: 1, on: captured.console(.quiet, isTerminal: true))
    progress.finish()
    #expect(captured.text.isEmpty)
  }

  @Test func `steps before a resume do not count in the rate`() {
    let captured = CapturedText()
    _ = run(steps: 20, secondsPerStep: 1, on: captured.console(), completed: 900)
    #expect(captured.lines.last?.contains("920/1000 (92 %)  64.0 images/s") == true)
    #expect(captured.lines.last?.hasSuffix("1:20 left") == true)
  }

  @Test func `an unknown total shows a count`() {
    let captured = CapturedText()
    _ = run(steps: 20, secondsPerStep: 1, on: captured.console(), total: nil)
    #expect(captured.lines.last == "SimMIM  20  64.0 images/s  loss 0.4321")
  }

  @Test func `the rate follows a change of speed`() {
    var rate = SmoothedRate(timeConstant: 10)
    #expect(rate.perSecond == nil)
    for _ in 0..<100 { rate.add(5, seconds: 1) }
    #expect(abs((rate.perSecond ?? 0) - 5) < 1e-9)
    for _ in 0..<100 { rate.add(1, seconds: 1) }
    #expect(abs((rate.perSecond ?? 0) - 1) < 1e-3)
  }
}
