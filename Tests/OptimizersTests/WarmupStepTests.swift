import Optimizers
import Testing

struct WarmupStepTests {
  /// 800 epochs of SimMIM at peak 4e-4.
  private let schedule = WarmupStep(warmup: 10, peak: 4e-4, start: 2e-6, drop: 700)

  @Test(arguments: [
    (0, 2e-6), (5, 2.01e-4), (10, 4e-4), (699, 4e-4), (700, 4e-5), (799, 4e-5),
  ])
  func `equals the release's schedule of 800 epochs`(_ step: Int, _ expected: Double) {
    #expect(abs(Double(schedule.rate(at: step)) - expected) < 1e-6 * expected)
  }

  @Test func `without a warm-up the first step has the peak rate`() {
    #expect(WarmupStep(warmup: 0, peak: 0.5, start: 0, drop: 3).rate(at: 0) == 0.5)
  }
}
