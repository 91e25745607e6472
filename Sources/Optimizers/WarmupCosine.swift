#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A learning rate that rises linearly and then falls along a cosine over all steps.
///
/// During warm-up: `start + (peak − start) · t / warmup`. After it:
/// `minimum + ½ (peak − minimum)(1 + cos(π t / total))`, where `t` counts from the very first step, so
/// the rate falls at once by a little when the warm-up ends.
/// **Source**: the schedule of the SimMIM release.
public struct WarmupCosine: Sendable, Hashable {
  /// Number of steps (or epochs) in all.
  public var total: Int
  /// Steps of linear rise.
  public var warmup: Int
  /// Highest rate.
  public var peak: Float
  /// Rate of the first step when there is a warm-up.
  public var start: Float
  /// Rate approached at the end.
  public var minimum: Float

  /// Makes a schedule.
  public init(total: Int, warmup: Int, peak: Float, start: Float, minimum: Float) {
    self.total = total
    self.warmup = warmup
    self.peak = peak
    self.start = start
    self.minimum = minimum
  }

  /// The rate of step `step`, counted from 0.
  public func rate(at step: Int) -> Float {
    if step < warmup {
      return start + (peak - start) * Float(step) / Float(warmup)
    }
    let angle = Double.pi * Double(step) / Double(max(total, 1))
    return Float(Double(minimum) + 0.5 * Double(peak - minimum) * (1 + cos(angle)))
  }
}
