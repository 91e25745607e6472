import Foundation
import Synchronization

/// Hands elements from the thread that makes them to the thread that takes them, in order.
///
/// At most `capacity` elements wait, whatever their number in all: the maker sleeps while the queue is
/// full, the taker while it is empty.
///
/// ```swift
/// let queue = BoundedQueue<Int>(capacity: 2)
/// Thread {
///   for number in 0..<100 { guard queue.append(number) else { break } }
///   queue.close()
/// }.start()
/// while let number = queue.next() { print(number) }
/// ```
public final class BoundedQueue<Element: Sendable>: Sendable {
  private struct State {
    var waiting: [Element] = []
    /// No further elements come.
    var isClosed = false
    /// Nobody takes elements any more.
    var isStopped = false
  }

  private let capacity: Int
  private let state = Mutex(State())
  /// Wakes the maker when a place is free, and the taker when an element is there.
  private let change = NSCondition()

  /// Makes an empty queue of at least one place.
  public init(capacity: Int) {
    precondition(capacity > 0, "BoundedQueue: capacity \(capacity) must be at least 1")
    self.capacity = capacity
  }

  /// Whether nobody takes elements any more; a maker whose elements take long may ask in between.
  public var isStopped: Bool { state.withLock { $0.isStopped } }

  /// Appends an element, sleeping while the queue is full.
  ///
  /// - Returns: false when nobody takes elements any more; the element is dropped then.
  public func append(_ element: Element) -> Bool {
    wait { state in
      if state.isStopped { return false }
      guard state.waiting.count < capacity else { return nil }
      state.waiting.append(element)
      return true
    }
  }

  /// Says that no further elements come.
  public func close() { tell { $0.isClosed = true } }

  /// Takes the oldest element, sleeping until there is one.
  ///
  /// - Returns: nil when the queue is empty and closed or stopped.
  public func next() -> Element? {
    wait { state -> Element?? in
      if !state.waiting.isEmpty { return state.waiting.removeFirst() }
      return state.isClosed || state.isStopped ? .some(nil) : nil
    }
  }

  /// Says that nobody takes elements any more, so that a sleeping maker wakes up.
  public func stop() { tell { $0.isStopped = true } }

  /// Sleeps until the maker has closed the queue.
  public func waitUntilClosed() { _ = wait { $0.isClosed ? true : nil } }

  private func tell(_ mutation: (inout State) -> Void) {
    change.lock()
    defer { change.unlock() }
    state.withLock { mutation(&$0) }
    change.broadcast()
  }

  /// Sleeps until `attempt` gives a result.
  private func wait<Result: Sendable>(_ attempt: (inout State) -> Result?) -> Result {
    change.lock()
    defer { change.unlock() }
    while true {
      if let result = state.withLock({ attempt(&$0) }) {
        change.broadcast()
        return result
      }
      change.wait()
    }
  }
}
