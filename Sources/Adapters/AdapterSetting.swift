import Foundation

/// One setting of an adapter method: what people may type for it, and what it means.
///
/// A method lists its settings once; reading, range checks, errors and the tables of the documentation
/// follow from that list. A setting has the name of the stored property that holds it.
public struct AdapterSetting: Sendable, Hashable {
  /// What a setting takes.
  public enum Values: Sendable, Hashable {
    /// A whole number.
    case integer(ClosedRange<Int>)
    /// A finite number.
    case number(ClosedRange<Double>)
    /// True or false.
    case flag
    /// One of some words.
    case choice([String])
    /// Some of these words, divided by commas.
    case choices([String])
    /// Whole numbers, divided by commas; none is an empty list.
    case integers(ClosedRange<Int>)
    /// Site patterns, divided by commas; none is an empty list.
    case patterns
    /// A name that another part of the program looks up.
    case name
  }

  /// Name of the stored property.
  public let name: String
  /// What it takes.
  public let values: Values
  /// What it does, in a few words.
  public let meaning: String

  /// Declares a setting.
  public init(_ name: String, _ values: Values, _ meaning: String) {
    self.name = name
    self.values = values
    self.meaning = meaning
  }

  /// The rank of methods that have one.
  public static func rank(_ meaning: String) -> AdapterSetting {
    AdapterSetting("rank", .integer(1...65_536), meaning)
  }

  /// The strength of methods that divide it by the rank.
  public static let alpha = AdapterSetting(
    "alpha", .number(1e-6...1e6), "strength before the division by the rank")

  /// Dropout on the inputs of the first factor.
  public static let dropout = AdapterSetting(
    "dropout", .number(0...0.99), "share of the first factor's inputs dropped in training")

  /// Division by the square root of the rank.
  public static let rankStabilized = AdapterSetting(
    "rankStabilized", .flag, "alpha is divided by the root of the rank")

  /// What it takes, as a phrase.
  public var allowed: String {
    switch values {
    case .integer(let range): "a whole number from \(range.lowerBound) to \(range.upperBound)"
    case .number(let range):
      "a number from \(Self.text(range.lowerBound)) to \(Self.text(range.upperBound))"
    case .flag: "true or false"
    case .choice(let words): "one of " + words.joined(separator: ", ")
    case .choices(let words): "some of " + words.joined(separator: ",")
    case .integers(let range):
      "whole numbers from \(range.lowerBound) to \(range.upperBound) with commas between, or none"
    case .patterns: "site patterns with commas between, or none"
    case .name: "a name"
    }
  }

  /// What a typed text means as a JSON value, or `nil` where it means nothing.
  func value(of text: String) -> Any? {
    switch values {
    case .integer: return Int(text)
    case .number:
      // Double also reads "nan", "inf" and hexadecimal.
      let isPlain = text.allSatisfy { "0123456789+-.eE".contains($0) }
      return isPlain ? Double(text).flatMap { $0.isFinite ? $0 : nil } : nil
    case .flag: return ["true": true, "false": false][text]
    case .choice, .name: return text.isEmpty ? nil : text
    case .choices: return text.split(separator: ",").map(String.init)
    case .integers:
      let parts = text == Self.none ? [] : text.split(separator: ",")
      let numbers = parts.compactMap { Int($0) }
      return numbers.count == parts.count ? numbers : nil
    case .patterns: return text == Self.none ? [] : SitePattern.list(text)
    }
  }

  private static let none = "none"

  /// Why a value is refused, or `nil` where it is allowed.
  func refusal(of value: Any?) -> String? {
    let isAllowed: Bool
    switch values {
    case .integer(let range): isAllowed = (value as? Int).map(range.contains) ?? false
    case .number(let range):
      isAllowed = Self.number(value).map(range.contains) ?? false
    case .choice(let words): isAllowed = (value as? String).map(words.contains) ?? false
    case .choices(let words):
      isAllowed = (value as? [String]).map { $0.allSatisfy(words.contains) } ?? false
    case .integers(let range):
      isAllowed = (value as? [Int]).map { $0.allSatisfy(range.contains) } ?? false
    case .flag, .patterns, .name: isAllowed = true
    }
    return isAllowed ? nil : "is \(text(of: value)) but takes \(allowed)"
  }

  /// A value as people type it.
  func text(of value: Any?) -> String {
    switch (values, value) {
    case (.flag, let value as Bool): value ? "true" : "false"
    case (.number, let value): Self.number(value).map(Self.text) ?? "no number"
    case (_, let list as [Any]):
      list.isEmpty ? Self.none : list.map { "\($0)" }.joined(separator: ",")
    default: value.map { "\($0)" } ?? "nothing"
    }
  }

  private static func number(_ value: Any?) -> Double? {
    (value as? Double) ?? (value as? Int).map(Double.init)
  }

  private static func text(_ number: Double) -> String {
    number == number.rounded() && abs(number) < 1e15 ? String(Int(number)) : "\(number)"
  }
}

extension AdapterMethod {
  /// Checks every setting against what it takes.
  public func validate() throws(AdapterError) { try validateSettings() }

  /// The check of single settings, for methods whose ``validate()`` checks more.
  public func validateSettings() throws(AdapterError) {
    let values = settingValues
    for setting in Self.settings {
      if let reason = setting.refusal(of: values[setting.name]) {
        throw .invalidSetting(method: Self.name, setting: setting.name, reason: reason)
      }
    }
  }

  /// All stored settings as JSON values.
  var settingValues: [String: Any] {
    let encoder = JSONEncoder()
    // A number that is none is to be refused by name, not to spoil the others.
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "infinite", negativeInfinity: "infinite", nan: "no number")
    guard let data = try? encoder.encode(self),
      let object = try? JSONSerialization.jsonObject(with: data)
    else { return [:] }
    return object as? [String: Any] ?? [:]
  }

  /// Every setting with its present value as people type it, in the order of ``settings``.
  public var settingTexts: [(setting: AdapterSetting, text: String)] {
    let values = settingValues
    return Self.settings.map { ($0, $0.text(of: values[$0.name])) }
  }
}
