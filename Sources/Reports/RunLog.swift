public import Foundation
import Synchronization

/// The log of a run: every message goes to `log.txt` with its time, and to the console by level.
///
/// The file is appended to, so that a resumed run continues it. A message never throws: if the file
/// cannot be written (a full disk, say), the console is told once and the run goes on.
public final class RunLog: Sendable {
  /// How much a message matters.
  public enum Level: String, Sendable, CaseIterable {
    /// For those who ask with `--verbose`; always in the file.
    case detail
    /// What everyone should see.
    case notice
    /// Something was skipped or looks wrong; shown even with `--quiet`.
    case warning
    /// The run cannot go on; shown even with `--quiet`.
    case error
  }

  /// Where the lines are shown.
  public let console: Console
  private let path: String
  private let now: @Sendable () -> Date
  private let file: Mutex<AppendOnlyFile?>

  /// Opens the log.
  ///
  /// - Parameters:
  ///   - url: the file to append to, made if missing; nil logs to the console only (a dry run).
  ///   - console: where messages are shown.
  ///   - now: the wall clock.
  /// - Throws: ``ReportError`` if the file cannot be opened.
  public init(
    file url: URL?, console: Console, now: @escaping @Sendable () -> Date = { Date() }
  ) throws(ReportError) {
    self.console = console
    self.now = now
    path = url?.path ?? ""
    if let url {
      file = Mutex(try AppendOnlyFile(appendingTo: url))
    } else {
      file = Mutex(nil)
    }
  }

  /// Logs a message for those who ask for more.
  public func detail(_ message: String) { log(.detail, message) }

  /// Logs a message that everyone should see.
  public func notice(_ message: String) { log(.notice, message) }

  /// Logs that something was skipped or looks wrong.
  public func warning(_ message: String) { log(.warning, message) }

  /// Logs why the run cannot go on.
  public func error(_ message: String) { log(.error, message) }

  /// Logs a message; further lines of it are indented below the first.
  public func log(_ level: Level, _ message: String) {
    let lines = message.split(separator: "\n", omittingEmptySubsequences: false)
      .map { String($0).printable }
    let stamp = now().formatted(.iso8601)
    let name = level.rawValue.padding(toLength: 7, withPad: " ", startingAt: 0)
    let text = "\(stamp) \(name) \(lines.joined(separator: "\n  "))\n"
    let failure: String? = file.withLock { file in
      do throws(ReportError) {
        try file?.append(text)
        return nil
      } catch {
        file = nil
        return "\(error)"
      }
    }
    show(level, lines.joined(separator: "\n"))
    if let failure { show(.warning, "The log stops here. \(failure)") }
  }

  private func show(_ level: Level, _ text: String) {
    switch level {
    case .detail: console.print(console.styled(text, .dim), minimum: .verbose)
    case .notice: console.print(text)
    case .warning:
      console.print(console.styled("warning: ", .yellow) + text, minimum: .quiet)
    case .error: console.print(console.styled("error: ", .red) + text, minimum: .quiet)
    }
  }
}
