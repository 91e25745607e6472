/// A learning rate that rises linearly, stays at its peak, and falls once to a share of it.
///
/// During warm-up: `start + (peak − start) · t / warmup`. After it `peak` until step `drop`, and
/// `peak · factor` from there on.
/// **Source**: the schedule of the SimMIM release for 800 epochs, which multiplies by 0.1 at epoch 700.
public struct WarmupStep: Sendable, Hashable {
  /// Steps of linear rise.
  public var warmup: Int
  /// Highest rate.
  public var peak: Float
  /// Rate of the first step when there is a warm-up.
  public var start: Float
  /// The first step with the lower rate.
  public var drop: Int
  /// Rate after the fall over the peak.
  public var factor: Float

  /// Makes a schedule.
  public init(warmup: Int, peak: Float, start: Float, drop: Int, factor: Float = 0.1) {
    self.warmup = warmup
    self.peak = peak
    self.start = start
    self.drop = drop
    self.factor = factor
  }

  /// The rate of step `step`, counted from 0.
  public func rate(at step: Int) -> Float {
    if step < warmup {
      return start + (peak - start) * Float(step) / Float(warmup)
    }
    return step < drop ? peak : peak * factor
  }
}
