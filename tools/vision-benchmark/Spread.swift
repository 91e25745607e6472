/// Median and extremes of a few measurements.
struct Spread: Codable {
  /// The middle value, or the mean of the two in the middle.
  let median: Double
  /// The smallest.
  let least: Double
  /// The largest.
  let most: Double

  /// Summarises values; there must be at least one.
  init(_ values: [Double]) {
    precondition(!values.isEmpty, "Spread: no values")
    let sorted = values.sorted()
    let middle = sorted.count / 2
    let value =
      sorted.count.isMultiple(of: 2) ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
    median = Self.rounded(value)
    least = Self.rounded(sorted[0])
    most = Self.rounded(sorted[sorted.count - 1])
  }

  /// Four significant digits, which is more than such a measurement holds.
  static func rounded(_ value: Double) -> Double {
    guard value != 0, value.isFinite else { return value }
    var (scale, magnitude) = (1.0, abs(value))
    while magnitude < 1000 {
      magnitude *= 10
      scale *= 10
    }
    return (value * scale).rounded() / scale
  }
}
