/// The unit of a stream's time stamps as a fraction of a second.
public struct TimeBase: Sendable, Hashable, Codable {
  /// Seconds per unit are `numerator / denominator`.
  public let numerator: Int
  /// Seconds per unit are `numerator / denominator`; above 0.
  public let denominator: Int

  /// Makes a time base.
  public init(numerator: Int, denominator: Int) {
    precondition(
      numerator > 0 && denominator > 0, "TimeBase: \(numerator)/\(denominator) must be positive")
    self.numerator = numerator
    self.denominator = denominator
  }

  /// Seconds per unit.
  public var seconds: Double { Double(numerator) / Double(denominator) }

  /// The time of a time stamp in seconds.
  public func seconds(of timestamp: Int64) -> Double {
    Double(timestamp) * Double(numerator) / Double(denominator)
  }
}
