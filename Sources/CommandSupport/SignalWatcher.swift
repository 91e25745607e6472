import Dispatch
import Foundation

/// Hands signals to a function on a queue of its own, instead of ending the process.
///
/// Dispatch sources rather than signal handlers, so that the function may take locks and print.
final class SignalWatcher {
  private let sources: [any DispatchSourceSignal]

  /// Watches until it is released; the signals' default effect stays off.
  init(_ signals: [Int32], onSignal: @escaping @Sendable (Int32) -> Void) {
    let queue = DispatchQueue(label: "signals", qos: .userInitiated)
    let registered = DispatchGroup()
    sources = signals.map { number in
      // On Darwin a source only watches, and the default effect must be taken away. Elsewhere
      // Dispatch installs a handler, and until then an ignored signal would be lost.
      #if canImport(Darwin)
        signal(number, SIG_IGN)
      #endif
      registered.enter()
      let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
      source.setRegistrationHandler { registered.leave() }
      source.setEventHandler { onSignal(number) }
      source.resume()
      return source
    }
    registered.wait()
  }

  deinit { for source in sources { source.cancel() } }

  /// Ctrl-C, termination, and a closed terminal unless the program was started to survive it.
  static func interruptions() -> [Int32] {
    let previous = signal(SIGHUP, SIG_IGN)
    let isIgnored = unsafeBitCast(previous, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
    if !isIgnored { signal(SIGHUP, previous) }
    return [SIGINT, SIGTERM] + (isIgnored ? [] : [SIGHUP])
  }

  /// Turns two signals into errors of the write that caused them: a reader that left (`SIGPIPE`),
  /// and a file above the limit of the shell (`SIGXFSZ`).
  static func ignoreWriteSignals() {
    signal(SIGPIPE, SIG_IGN)
    signal(SIGXFSZ, SIG_IGN)
  }
}
