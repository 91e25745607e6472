import Foundation

/// A rate over the recent past: older work counts exponentially less.
struct SmoothedRate: Sendable {
  /// Seconds after which work counts 1/e.
  let timeConstant: Double
  private var amount = 0.0
  private var time = 0.0

  init(timeConstant: Double = 20) {
    self.timeConstant = timeConstant
  }

  /// Takes in `amount` units done in `seconds`.
  mutating func add(_ amount: Double, seconds: Double) {
    let seconds = max(seconds, 0)
    let decay = exp(-seconds / timeConstant)
    self.amount = self.amount * decay + amount
    time = time * decay + seconds
  }

  /// Units per second, or nil before any time has passed.
  var perSecond: Double? { time > 0 ? amount / time : nil }
}
