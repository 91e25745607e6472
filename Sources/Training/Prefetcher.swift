import Foundation
import Tensors

/// Prepares the batches of coming steps on a thread of its own, a few ahead of the trainer.
///
/// What a step gets depends only on its number, so preparing ahead changes no result.
public final class Prefetcher<Batch: Sendable>: Sendable {
  private final class State: @unchecked Sendable {
    // Unchecked: every field is touched only while `condition` is locked.
    let condition = NSCondition()
    var ready: [Result<Batch, any Error>] = []
    var isStopped = false
  }

  private let state = State()

  /// Starts preparing at `first`; `make` is called once per step, in order, until `end`.
  public init(
    from first: Int, to end: Int, depth: Int = 2,
    make: @escaping @Sendable (Int) throws -> Batch
  ) {
    let state = state
    let thread = Thread {
      Compute.leavePool()
      for step in first..<max(first, end) {
        let batch = Result { try make(step) }
        state.condition.lock()
        while state.ready.count >= depth, !state.isStopped { state.condition.wait() }
        if state.isStopped {
          state.condition.unlock()
          return
        }
        state.ready.append(batch)
        state.condition.broadcast()
        state.condition.unlock()
        if case .failure = batch { return }
      }
    }
    thread.name = "batches"
    thread.stackSize = 8 << 20
    thread.start()
  }

  deinit {
    state.condition.lock()
    state.isStopped = true
    state.condition.broadcast()
    state.condition.unlock()
  }

  /// The batch of the next step; waits until it is ready.
  ///
  /// - Returns: the batch and the seconds spent waiting for it.
  public func next() throws -> (batch: Batch, waited: Double) {
    let start = ContinuousClock.now
    state.condition.lock()
    while state.ready.isEmpty { state.condition.wait() }
    let result = state.ready.removeFirst()
    state.condition.broadcast()
    state.condition.unlock()
    let waited = ContinuousClock.now - start
    return (
      try result.get(),
      Double(waited.components.seconds) + Double(waited.components.attoseconds) * 1e-18
    )
  }
}
