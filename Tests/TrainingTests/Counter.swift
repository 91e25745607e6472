import Synchronization

/// A number that several threads may raise.
final class Counter: Sendable {
  private let count = Mutex(0)
  var value: Int { count.withLock { $0 } }
  func raise() { count.withLock { $0 += 1 } }
}
