import Foundation
import Pipelines
import Tensors

/// Prepares the batches of coming steps on a thread of its own, a few ahead of the trainer.
///
/// What a step gets depends only on its number, so preparing ahead changes no result.
public final class Prefetcher<Batch: Sendable>: Sendable {
  private let queue: BoundedQueue<Result<Batch, any Error>>

  /// Starts preparing at `first`; `make` is called once per step, in order, until `end`.
  public init(
    from first: Int, to end: Int, depth: Int = 2,
    make: @escaping @Sendable (Int) throws -> Batch
  ) {
    // The thread holds the queue alone, so that a prefetcher nobody holds ends it.
    let queue = BoundedQueue<Result<Batch, any Error>>(capacity: depth)
    self.queue = queue
    let thread = Thread {
      Compute.leavePool()
      for step in first..<max(first, end) {
        let batch = Result { try make(step) }
        guard queue.append(batch) else { break }
        if case .failure = batch { break }
      }
      queue.close()
    }
    thread.name = "batches"
    thread.stackSize = 8 << 20
    thread.start()
  }

  deinit { queue.stop() }

  /// The batch of the next step; waits until it is ready.
  ///
  /// - Returns: the batch and the seconds spent waiting for it; nil after the last step.
  /// - Throws: what making the batch threw; nil follows.
  public func next() throws -> (batch: Batch, waited: Double)? {
    let start = ContinuousClock.now
    guard let result = queue.next() else { return nil }
    return (try result.get(), (ContinuousClock.now - start) / .seconds(1))
  }
}
