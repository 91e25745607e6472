import Foundation

/// One axis of a chart: its label, scale and range.
public struct ChartAxis: Sendable, Equatable {
  /// How values are spread along an axis.
  public enum Scale: Sendable, Equatable {
    /// Equal differences are equal lengths.
    case linear
    /// Equal ratios are equal lengths; values that are not positive are left out.
    case logarithmic
  }

  /// What is measured, with its unit.
  public var label: String
  /// How values are spread.
  public var scale: Scale
  /// Values at the ends; nil fits the data.
  public var range: ClosedRange<Double>?

  /// Makes an axis.
  public init(_ label: String, scale: Scale = .linear, range: ClosedRange<Double>? = nil) {
    self.label = label
    self.scale = scale
    self.range = range
  }

  /// Whether a value has a place on the axis.
  func admits(_ value: Double) -> Bool {
    value.isFinite && (scale == .linear || value > 0)
  }

  /// The range to draw for these values: the given one, or theirs with a little room.
  func fitted(to values: some Sequence<Double>, padding: Double) -> ClosedRange<Double> {
    if let range, admits(range.lowerBound), range.lowerBound < range.upperBound { return range }
    var low = Double.infinity
    var high = -Double.infinity
    for value in values where admits(value) {
      low = min(low, value)
      high = max(high, value)
    }
    guard low <= high else { return scale == .linear ? 0...1 : 0.1...1 }
    switch scale {
    case .linear:
      if low == high {
        let room = low == 0 ? 1 : abs(low) * 0.1
        return (low - room)...(high + room)
      }
      let room = (high - low) * padding
      // Room below zero would suggest negative values where there are none.
      return (low >= 0 && low - room < 0 ? 0 : low - room)...(high + room)
    case .logarithmic:
      if low == high { return (low / 2)...(high * 2) }
      let room = pow(high / low, padding)
      return (low / room)...(high * room)
    }
  }

  /// Where a value lies in a range, 0 at its lower and 1 at its upper end.
  func position(_ value: Double, in range: ClosedRange<Double>) -> Double {
    switch scale {
    case .linear: (value - range.lowerBound) / (range.upperBound - range.lowerBound)
    case .logarithmic: log(value / range.lowerBound) / log(range.upperBound / range.lowerBound)
    }
  }

  /// Round values to label, from low to high, about `count` of them.
  func ticks(in range: ClosedRange<Double>, count: Int) -> [Double] {
    switch scale {
    case .linear: Self.linearTicks(in: range, count: count)
    case .logarithmic: Self.logarithmicTicks(in: range, count: count)
    }
  }

  /// Multiples of 1, 2 or 5 times a power of ten.
  private static func linearTicks(in range: ClosedRange<Double>, count: Int) -> [Double] {
    let span = range.upperBound - range.lowerBound
    guard span > 0, span.isFinite else { return [range.lowerBound] }
    let rough = span / Double(max(count, 1))
    let power = pow(10, floor(log10(rough)))
    let step = power * ([1, 2, 5].first { $0 * power >= rough * 0.999 } ?? 10)
    // Multiplying whole numbers keeps 0.1 steps from drifting to 0.30000000000000004.
    let first = (range.lowerBound / step - 1e-9).rounded(.up)
    let last = (range.upperBound / step + 1e-9).rounded(.down)
    guard first <= last, last - first < 1000 else { return [range.lowerBound] }
    return stride(from: first, through: last, by: 1).map { multiple in
      // Adding zero turns a negative zero, which would be labelled "−0", into zero.
      (step >= 1 ? multiple * step : multiple / (1 / step).rounded()) + 0
    }
  }

  /// Powers of ten, thinned to fit; 2 and 5 between them where fewer than three powers are in range.
  private static func logarithmicTicks(in range: ClosedRange<Double>, count: Int) -> [Double] {
    let low = Int(log10(range.lowerBound).rounded(.down))
    let high = Int(log10(range.upperBound).rounded(.up))
    let inside = { (value: Double) in
      value >= range.lowerBound * (1 - 1e-9) && value <= range.upperBound * (1 + 1e-9)
    }
    let powers = (low...high).filter { inside(pow(10, Double($0))) }
    if powers.count < 3 {
      let fine = (low...high).flatMap { power in
        [1, 2, 5].map { $0 * pow(10, Double(power)) }
      }.filter(inside)
      return fine.count >= 2 ? fine : linearTicks(in: range, count: count)
    }
    let every = max((powers.count + count - 1) / max(count, 1), 1)
    return powers.filter { $0.isMultiple(of: every) }.map { pow(10, Double($0)) }
  }

  /// The labels of ticks, all with the same count of decimals on a linear axis.
  func labels(of ticks: [Double]) -> [String] {
    let largest = ticks.map(abs).max() ?? 0
    if scale == .logarithmic || largest >= 1e7 || (largest > 0 && largest < 1e-3) {
      return ticks.map(Self.powerLabel)
    }
    let decimals =
      (0...6).first { decimals in
        ticks.allSatisfy { tick in
          let scaled = tick * pow(10, Double(decimals))
          return abs(scaled - scaled.rounded()) < 1e-6 * max(abs(scaled), 1)
        }
      } ?? 6
    return ticks.map { Self.grouped(NumberText.fixed($0, decimals: decimals)) }
  }

  /// `0.001`…`1000` as they are, other powers of ten as `10⁻⁶`, the rest as `2×10⁻⁶`.
  private static func powerLabel(_ value: Double) -> String {
    if value == 0 { return "0" }
    let magnitude = abs(value)
    if magnitude >= 0.00099, magnitude < 10_001 {
      return grouped(String(format: "%g", value))
    }
    let exponent = Int(floor(log10(magnitude) + 1e-9))
    let digits = ["⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"]
    let raised = String(abs(exponent)).compactMap { $0.wholeNumberValue.map { digits[$0] } }
    let power = "10" + (exponent < 0 ? "⁻" : "") + raised.joined()
    let factor = String(format: "%g", value / pow(10, Double(exponent)))
    return factor == "1" ? power : factor == "-1" ? "−" + power : "\(factor)×\(power)"
  }

  /// Thousands apart by a thin space, and a true minus sign.
  private static func grouped(_ text: String) -> String {
    let negative = text.hasPrefix("-")
    let parts = text.drop { $0 == "-" }.split(separator: ".", maxSplits: 1)
    guard let whole = parts.first else { return text }
    var digits = ""
    for (index, digit) in whole.enumerated() {
      // Four digits stay together: years and step counts read better so.
      if index > 0, whole.count > 4, (whole.count - index).isMultiple(of: 3) {
        digits += "\u{2009}"
      }
      digits.append(digit)
    }
    return (negative ? "−" : "") + digits + (parts.count > 1 ? "." + parts[1] : "")
  }
}
