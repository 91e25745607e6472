import Testing
import Training

struct PrefetcherTests {
  @Test func `gives every step once and in order`() throws {
    let prefetcher = Prefetcher<Int>(from: 3, to: 40) { $0 * $0 }
    for step in 3..<40 {
      let (batch, waited) = try #require(try prefetcher.next())
      #expect(batch == step * step)
      #expect(waited >= 0)
    }
    #expect(try prefetcher.next() == nil)
  }

  @Test func `an error arrives at its own step, after the steps before it`() throws {
    struct Failure: Error, Equatable { let step: Int }
    let prefetcher = Prefetcher<Int>(from: 0, to: 10) { step in
      if step == 4 { throw Failure(step: step) }
      return step
    }
    for step in 0..<4 { #expect(try prefetcher.next()?.batch == step) }
    #expect(throws: Failure(step: 4)) { try prefetcher.next() }
    #expect(try prefetcher.next() == nil)
  }

  @Test func `runs ahead by no more than its depth`() async throws {
    let made = Counter()
    let prefetcher = Prefetcher<Int>(from: 0, to: 1000, depth: 2) { step in
      made.raise()
      return step
    }
    _ = try prefetcher.next()
    try await Task.sleep(for: .milliseconds(50))
    // One taken, two ready, one in hand.
    #expect(made.value <= 4)
    _ = try prefetcher.next()
  }
}
