import Optimizers
import Testing

struct WarmupCosineTests {
  /// 100 epochs of SimMIM at peak 8e-4.
  private let schedule = WarmupCosine(
    total: 100, warmup: 10, peak: 8e-4, start: 4e-6, minimum: 4e-5)

  @Test(arguments: [
    (0, 4.0e-6), (5, 4.02e-4), (10, 7.814e-4), (50, 4.2e-4), (99, 4.0188e-5),
  ])
  func `equals the release at its check points`(_ step: Int, _ expected: Double) {
    let rate = Double(schedule.rate(at: step))
    #expect(abs(rate - expected) < 1e-4 * expected)
  }

  @Test func `rises through the warm-up, falls ever after, ends at the minimum`() {
    let rates = (0...100).map { schedule.rate(at: $0) }
    #expect((1..<10).allSatisfy { rates[$0] > rates[$0 - 1] })
    #expect((11...100).allSatisfy { rates[$0] < rates[$0 - 1] })
    #expect(abs(rates[100] - 4e-5) < 1e-10)
  }

  @Test func `without a warm-up the first step has the peak rate`() {
    let plain = WarmupCosine(total: 7, warmup: 0, peak: 0.5, start: 0, minimum: 0)
    #expect(plain.rate(at: 0) == 0.5)
    #expect(WarmupCosine(total: 0, warmup: 0, peak: 1, start: 0, minimum: 0).rate(at: 0).isFinite)
  }
}
