/// What happened to each tensor when weights were loaded into a module.
public struct LoadReport: Sendable, Hashable {
  /// A tensor that was fitted to another shape, or to other places in the same shape.
  public struct Reshaped: Sendable, Hashable {
    /// Path in the module.
    public let path: String
    /// Shape in the file.
    public let from: [Int]
    /// Shape in the module.
    public let to: [Int]
  }

  /// Paths that were set.
  public var loaded: [String] = []
  /// Paths of the module that the file does not hold.
  public var missing: [String] = []
  /// Names in the file that the module does not have.
  public var unexpected: [String] = []
  /// Names in the file that are no weights of this network but known parts of its published form.
  public var ignored: [String] = []
  /// Paths that were set from a tensor of another shape or of other places.
  public var reshaped: [Reshaped] = []
  /// Names whose numbers were stored in another type than 32-bit floats, with the type.
  public var converted: [String: String] = [:]
  /// Whose names the file used.
  public var naming = ""

  /// A report of nothing.
  public init() {}

  /// One line for logs.
  public var summary: String {
    var text = "\(loaded.count) loaded, \(missing.count) missing, \(unexpected.count) unexpected"
    if !reshaped.isEmpty { text += ", \(reshaped.count) reshaped" }
    if !ignored.isEmpty { text += ", \(ignored.count) ignored" }
    if !converted.isEmpty {
      text +=
        ", \(converted.count) converted from "
        + Set(converted.values).sorted()
        .joined(separator: " and ")
    }
    if let first = missing.first { text += "; first missing: \(first)" }
    if let first = unexpected.first { text += "; first unexpected: \(first)" }
    if let first = reshaped.first {
      text += "; first reshaped: \(first.path) from \(first.from) to \(first.to)"
    }
    return text
  }

  /// A line for each tensor that was not simply read, for those who ask.
  public var details: [String] {
    missing.map { "missing: \($0)" } + unexpected.map { "unexpected: \($0)" }
      + reshaped.map { "reshaped: \($0.path) from \($0.from) to \($0.to)" }
      + ignored.map { "ignored: \($0)" }
      + converted.sorted { $0.key < $1.key }.map { "converted from \($0.value): \($0.key)" }
  }
}
