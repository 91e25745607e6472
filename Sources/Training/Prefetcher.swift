import Foundation
import Synchronization
import Tensors

/// Prepares the batches of coming steps on a thread of its own, a few ahead of the trainer.
///
/// What a step gets depends only on its number, so preparing ahead changes no result.
public final class Prefetcher<Batch: Sendable>: Sendable {
  /// What both threads see; an object of its own, so that the thread does not keep the prefetcher.
  private final class Queue: Sendable {
    struct State {
      var ready: [Result<Batch, any Error>] = []
      var isStopped = false
    }

    let state = Mutex(State())
    /// Wakes the thread when a place is free, and the caller when a batch is there.
    let change = NSCondition()

    /// Hands a batch over, sleeping while `depth` of them wait.
    ///
    /// - Returns: false when nobody waits for batches any more.
    func append(_ batch: Result<Batch, any Error>, depth: Int) -> Bool {
      change.lock()
      defer { change.unlock() }
      while true {
        let isDone: Bool? = state.withLock { state in
          if state.isStopped { return false }
          guard state.ready.count < depth else { return nil }
          state.ready.append(batch)
          return true
        }
        if let isDone {
          change.broadcast()
          return isDone
        }
        change.wait()
      }
    }

    /// Takes the oldest batch, waiting for it where necessary.
    func removeFirst() -> Result<Batch, any Error> {
      change.lock()
      defer { change.unlock() }
      while true {
        let batch = state.withLock { $0.ready.isEmpty ? nil : $0.ready.removeFirst() }
        if let batch {
          change.broadcast()
          return batch
        }
        change.wait()
      }
    }

    func stop() {
      change.lock()
      defer { change.unlock() }
      state.withLock { $0.isStopped = true }
      change.broadcast()
    }
  }

  private let queue = Queue()

  /// Starts preparing at `first`; `make` is called once per step, in order, until `end`.
  public init(
    from first: Int, to end: Int, depth: Int = 2,
    make: @escaping @Sendable (Int) throws -> Batch
  ) {
    let queue = queue
    let thread = Thread {
      Compute.leavePool()
      for step in first..<max(first, end) {
        let batch = Result { try make(step) }
        guard queue.append(batch, depth: depth) else { return }
        if case .failure = batch { return }
      }
    }
    thread.name = "batches"
    thread.stackSize = 8 << 20
    thread.start()
  }

  deinit { queue.stop() }

  /// The batch of the next step; waits until it is ready.
  ///
  /// - Returns: the batch and the seconds spent waiting for it.
  public func next() throws -> (batch: Batch, waited: Double) {
    let start = ContinuousClock.now
    let result = queue.removeFirst()
    let waited = ContinuousClock.now - start
    return (
      try result.get(),
      Double(waited.components.seconds) + Double(waited.components.attoseconds) * 1e-18
    )
  }
}
