import Foundation
import Synchronization

/// Progress of a long piece of work, on standard error.
///
/// On a terminal one line is redrawn in place, with a bar, the rate, the values given (a loss, say)
/// and the time left. Elsewhere (a file, a batch system) a plain line is printed every `interval`
/// seconds and at the end. Quiet consoles show nothing.
///
/// ```swift
/// let progress = ProgressReporter("SimMIM", total: 1200, console: console)
/// for step in 0..<1200 { progress.advance(items: 64, values: ["loss": loss]) }
/// progress.finish()
/// ```
public final class ProgressReporter: Sendable {
  private struct State: Sendable {
    var completed: Int
    var items = 0
    var values: [(name: String, value: Double)] = []
    var steps = SmoothedRate()
    var itemRate = SmoothedRate()
    var lastAdvance: Double
    var lastShown: Double
    var isFinished = false
  }

  /// What is being done, at the left of the line.
  public let title: String
  /// Steps of the whole work, or nil when unknown.
  public let total: Int?

  private let unit: String
  private let console: Console
  private let interval: Double
  private let start: Double
  private let now: @Sendable () -> Double
  private let state: Mutex<State>

  /// Begins a piece of work.
  ///
  /// - Parameters:
  ///   - title: what is being done.
  ///   - total: steps of the whole work; nil shows a count in place of a bar.
  ///   - completed: steps done by an earlier part of a resumed run; they do not count in the rate.
  ///   - unit: what the items of ``advance(steps:items:values:)`` are, in the plural.
  ///   - interval: seconds between plain lines where the console is not a terminal.
  ///   - now: seconds of a clock that never runs backwards.
  public init(
    _ title: String, total: Int?, completed: Int = 0, unit: String = "images", console: Console,
    interval: Double = 10, now: @escaping @Sendable () -> Double = ProgressReporter.uptime
  ) {
    self.title = title.printable
    self.total = total
    self.unit = unit
    self.console = console
    self.interval = interval
    self.now = now
    start = now()
    state = Mutex(
      State(
        completed: completed, lastAdvance: start,
        lastShown: console.isTerminal ? start - 1 : start))
  }

  /// Seconds since the machine started.
  @Sendable public static func uptime() -> Double { ProcessInfo.processInfo.systemUptime }

  /// Takes in finished steps and shows them when it is time to.
  ///
  /// - Parameters:
  ///   - steps: steps finished since the last call.
  ///   - items: images (or other units) in these steps; zero shows the rate of steps.
  ///   - values: current values to print, in order.
  public func advance(
    steps: Int = 1, items: Int = 0, values: KeyValuePairs<String, Double> = [:]
  ) {
    let time = now()
    let line: String? = state.withLock { state in
      state.completed += steps
      state.items += items
      if !values.isEmpty { state.values = values.map { (name: $0.key, value: $0.value) } }
      state.steps.add(Double(steps), seconds: time - state.lastAdvance)
      state.itemRate.add(Double(items), seconds: time - state.lastAdvance)
      state.lastAdvance = time
      guard console.verbosity > .quiet, !state.isFinished,
        time - state.lastShown >= (console.isTerminal ? 0.1 : interval)
      else { return nil }
      state.lastShown = time
      return console.isTerminal ? barLine(state) : plainLine(state)
    }
    guard let line else { return }
    if console.isTerminal { console.show(status: line) } else { console.print(line) }
  }

  /// Ends the work: the bar gives way to one plain line that stays.
  public func finish() {
    let line: String? = state.withLock { state in
      guard !state.isFinished else { return nil }
      state.isFinished = true
      return closingLine(state)
    }
    guard let line else { return }
    console.clearStatus()
    console.print(line)
  }

  private func rateText(_ state: State) -> String? {
    let counted = state.items > 0
    guard let rate = counted ? state.itemRate.perSecond : state.steps.perSecond else { return nil }
    return "\(NumberText.fixed(rate, decimals: rate < 10 ? 2 : rate < 100 ? 1 : 0)) "
      + "\(counted ? unit : "steps")/s"
  }

  private func valuesText(_ state: State) -> String? {
    guard !state.values.isEmpty else { return nil }
    return state.values.map { "\($0.name) \(NumberText.short($0.value))" }
      .joined(separator: "  ")
  }

  private func timeLeftText(_ state: State) -> String? {
    guard let total, let rate = state.steps.perSecond, rate > 0 else { return nil }
    let seconds = Double(max(total - state.completed, 0)) / rate
    return "\(NumberText.duration(seconds: seconds)) left"
  }

  private func countText(_ state: State) -> String {
    guard let total else { return "\(state.completed)" }
    return "\(state.completed)/\(total)"
  }

  private func percentText(_ state: State) -> String? {
    guard let total, total > 0 else { return nil }
    return "\(min(state.completed * 100 / total, 100)) %"
  }

  private func plainLine(_ state: State) -> String {
    let count = [countText(state), percentText(state).map { "(\($0))" }].compactMap { $0 }
      .joined(separator: " ")
    return
      ([title, count] + [rateText(state), valuesText(state), timeLeftText(state)].compactMap { $0 })
      .joined(separator: "  ")
  }

  private func closingLine(_ state: State) -> String {
    let elapsed = max(now() - start, 0)
    var parts = [title, countText(state)]
    if state.items > 0, elapsed > 0 {
      let rate = Double(state.items) / elapsed
      parts.append("\(NumberText.fixed(rate, decimals: rate < 100 ? 1 : 0)) \(unit)/s")
    }
    if let values = valuesText(state) { parts.append(values) }
    parts.append("in \(NumberText.duration(seconds: elapsed))")
    return parts.joined(separator: "  ")
  }

  /// One line that never reaches the last column: a wrapped line could not be redrawn.
  private func barLine(_ state: State) -> String {
    let room = console.columns - 1
    // What goes first when the window is narrow stands last here.
    var fields = [countText(state)]
    let optional = [
      timeLeftText(state), valuesText(state), rateText(state), percentText(state),
    ].compactMap { $0 }
    var used = title.terminalWidth + 2 + fields[0].count
    var kept: Set<String> = []
    for field in optional where used + 2 + field.terminalWidth <= room {
      kept.insert(field)
      used += 2 + field.terminalWidth
    }
    fields =
      [percentText(state), fields[0], rateText(state), valuesText(state), timeLeftText(state)]
      .compactMap { $0 }.filter { kept.contains($0) || $0 == fields[0] }
    let barWidth = min(room - used - 2, 30)
    var parts = [console.styled(String(title.prefix(max(room - 2, 1))), .bold)]
    if let total, total > 0, barWidth >= 8 {
      let filled = min(max(state.completed, 0), total) * barWidth / total
      parts.append(
        console.styled(String(repeating: "━", count: filled), .green)
          + console.styled(String(repeating: "─", count: barWidth - filled), .dim))
    }
    guard title.terminalWidth + 2 + countText(state).count <= room else { return parts[0] }
    return (parts + fields).joined(separator: "  ")
  }
}
