import Foundation
import Pipelines
import Synchronization
import Testing

/// Elements that pass from one thread to another.
struct BoundedQueueTests {
  private func start(_ body: @escaping @Sendable () -> Void) { Thread(block: body).start() }

  @Test(.timeLimit(.minutes(1))) func `elements come in order and then nil`() {
    let queue = BoundedQueue<Int>(capacity: 3)
    start {
      for number in 0..<1000 { #expect(queue.append(number)) }
      queue.close()
    }
    var taken: [Int] = []
    while let number = queue.next() { taken.append(number) }
    #expect(taken == Array(0..<1000))
    #expect(queue.next() == nil)
  }

  @Test(.timeLimit(.minutes(1))) func `no more than the capacity is made ahead`() {
    let queue = BoundedQueue<Int>(capacity: 2)
    let counters = Counters()
    start {
      for number in 0..<200 {
        counters.made.add(1, ordering: .sequentiallyConsistent)
        _ = queue.append(number)
      }
      queue.close()
    }
    var taken = 0
    while queue.next() != nil {
      taken += 1
      // Two wait, and a third may be in the maker's hands.
      #expect(counters.made.load(ordering: .sequentiallyConsistent) <= taken + 3)
    }
    #expect(taken == 200)
  }

  @Test(.timeLimit(.minutes(1))) func `a maker that nobody waits for stops`() {
    let queue = BoundedQueue<Int>(capacity: 1)
    let counters = Counters()
    start {
      while queue.append(7) { counters.made.add(1, ordering: .sequentiallyConsistent) }
      queue.close()
    }
    #expect(queue.next() == 7)
    queue.stop()
    queue.waitUntilClosed()
    #expect(queue.isStopped && !queue.append(8))
    #expect(counters.made.load(ordering: .sequentiallyConsistent) <= 2)
  }

  /// Atomic counters in an object, which threads may share.
  private final class Counters: Sendable {
    let made = Atomic<Int>(0)
  }
}
