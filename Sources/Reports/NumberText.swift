import Foundation

/// Numbers as people read them in a progress line, a chart and a table.
public enum NumberText {
  /// Shortest text that reads back as the same number: as `Float` where the number is one.
  ///
  /// Training computes in `Float`; 0.4321 widened to `Double` would print as 0.43209999799728394.
  static func exact(_ value: Double) -> String {
    if value.isNaN { return "nan" }
    if value.isInfinite { return value < 0 ? "-inf" : "inf" }
    let narrow = Float(value)
    return Double(narrow) == value ? "\(narrow)" : "\(value)"
  }

  /// A number with a fixed count of decimals, with no dependence on the locale.
  static func fixed(_ value: Double, decimals: Int) -> String {
    guard value.isFinite else { return exact(value) }
    return String(format: "%.\(decimals)f", value)
  }

  /// About four significant digits: `0.4321`, `12.35`, `1.2e-05`; a whole number has no decimals.
  public static func short(_ value: Double) -> String {
    guard value.isFinite else { return exact(value) }
    let magnitude = abs(value)
    if value == value.rounded(), magnitude < 1e6 {
      return fixed(magnitude == 0 ? 0 : value, decimals: 0)
    }
    if magnitude < 1e-3 || magnitude >= 1e6 { return String(format: "%.2e", value) }
    let decimals = magnitude >= 1000 ? 0 : magnitude >= 100 ? 1 : magnitude >= 10 ? 2 : 4
    return fixed(value, decimals: decimals)
  }

  /// A duration in hours, minutes and seconds: as `0:07`, `12:03`, `3:04:05` or `2 d 5 h`.
  public static func duration(seconds: Double) -> String {
    guard seconds.isFinite, seconds >= 0, seconds < 1e9 else { return "--:--" }
    let whole = Int(seconds.rounded())
    let (hours, minutes, rest) = (whole / 3600, whole / 60 % 60, whole % 60)
    if hours >= 48 { return "\(hours / 24) d \(hours % 24) h" }
    if hours > 0 { return String(format: "%d:%02d:%02d", hours, minutes, rest) }
    return String(format: "%d:%02d", minutes, rest)
  }
}
