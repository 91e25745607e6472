import Reports
import Synchronization

/// What a console printed.
final class CapturedText: Sendable {
  private let pieces = Mutex<[String]>([])

  var text: String { pieces.withLock { $0.joined() } }

  var lines: [String] {
    text.split(separator: "\n", omittingEmptySubsequences: true).map(String.init)
  }

  func append(_ piece: String) { pieces.withLock { $0.append(piece) } }

  func console(
    _ verbosity: Verbosity = .normal, isTerminal: Bool = false, usesColour: Bool = false,
    columns: Int = 100
  ) -> Console {
    Console(
      verbosity: verbosity, isTerminal: isTerminal, usesColour: usesColour, columns: { columns },
      sink: { self.append($0) })
  }
}

/// A clock that a test moves.
final class ManualClock: Sendable {
  private let time = Mutex(100.0)

  var seconds: Double { time.withLock { $0 } }

  func advance(_ seconds: Double) { time.withLock { $0 += seconds } }
}
