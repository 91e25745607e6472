/// The values of one training step.
public struct MetricsRow: Sendable, Equatable {
  /// Steps done when the values were taken, counted from zero over the whole run.
  public var step: Int
  /// Values by column; a column without a value stays empty.
  public var values: [String: Double]

  /// Makes a row.
  public init(step: Int, values: [String: Double]) {
    self.step = step
    self.values = values
  }
}
