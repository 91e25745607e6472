public import Foundation
import Synchronization

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The one door to standard error: lines of text above an optional progress line that is redrawn.
///
/// Progress bars and log lines share a console, so a line printed during training does not tear
/// the bar. Nothing is ever written to standard output, which belongs to the `--json` result.
public final class Console: Sendable {
  /// How much is shown.
  public let verbosity: Verbosity
  /// Whether a progress line can be redrawn in place.
  public let isTerminal: Bool
  /// Whether lines may hold colours: a terminal, and `NO_COLOR` unset or empty.
  public let usesColour: Bool

  private let columnCount: @Sendable () -> Int
  private let sink: @Sendable (String) -> Void
  /// The progress line on screen, empty when there is none.
  private let status = Mutex("")

  /// Makes a console that hands finished text to `sink`; tests and other programs capture it so.
  public init(
    verbosity: Verbosity = .normal, isTerminal: Bool = false, usesColour: Bool = false,
    columns: @escaping @Sendable () -> Int = { 80 }, sink: @escaping @Sendable (String) -> Void
  ) {
    self.verbosity = verbosity
    self.isTerminal = isTerminal
    self.usesColour = usesColour
    self.columnCount = columns
    self.sink = sink
  }

  /// The console of this process: standard error, with what the environment says about it.
  public static func standardError(
    verbosity: Verbosity = .normal,
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) -> Console {
    let isTerminal = isatty(STDERR_FILENO) == 1 && environment["TERM"] != "dumb"
    return Console(
      verbosity: verbosity, isTerminal: isTerminal,
      usesColour: isTerminal && (environment["NO_COLOR"] ?? "").isEmpty,
      columns: terminalColumns, sink: writeToStandardError)
  }

  /// Columns of the terminal at this moment; a window may be resized during a run.
  var columns: Int { max(columnCount(), 20) }

  /// Prints a line if the verbosity is at least `minimum`; line breaks in it are kept.
  public func print(_ line: String, minimum: Verbosity = .normal) {
    guard verbosity >= minimum else { return }
    status.withLock { status in
      sink(status.isEmpty ? line + "\n" : "\r\u{1B}[K" + line + "\n" + status)
    }
  }

  /// Draws or redraws the progress line; only on a terminal.
  func show(status text: String) {
    guard isTerminal else { return }
    status.withLock { status in
      status = text
      sink("\r" + text + "\u{1B}[K")
    }
  }

  /// Removes the progress line, so that later lines begin at the left edge.
  func clearStatus() {
    status.withLock { status in
      guard !status.isEmpty else { return }
      status = ""
      sink("\r\u{1B}[K")
    }
  }

  /// Text in a colour, or as it is where colours are off.
  func styled(_ text: String, _ style: Style) -> String {
    usesColour ? "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m" : text
  }

  /// Terminal styles, by their SGR parameters.
  enum Style: String {
    case bold = "1"
    case dim = "2"
    case red = "31"
    case green = "32"
    case yellow = "33"
    case cyan = "36"
  }

  private static func terminalColumns() -> Int {
    var size = winsize()
    guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
  }

  /// Writes all bytes; a reader that went away must not end a training run, so errors are dropped.
  private static func writeToStandardError(_ text: String) {
    var text = text
    text.withUTF8 { bytes in
      var start = 0
      while start < bytes.count {
        let written = write(
          STDERR_FILENO, UnsafeRawPointer(bytes.baseAddress).map { $0 + start },
          bytes.count - start)
        if written < 0 {
          if errno == EINTR { continue }
          return
        }
        start += written
      }
    }
  }
}
