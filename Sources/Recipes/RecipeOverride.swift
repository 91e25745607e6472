import Foundation

/// One value given beside a recipe, by `--set` or by a flag of its own.
public struct RecipeOverride: Sendable, Hashable {
  let path: [String]
  let value: String
  let origin: RecipeOrigin

  /// The dotted key.
  public var key: String { path.joined(separator: ".") }

  /// An override written as `group.key=value`.
  ///
  /// - Throws: `RecipeError.malformedOverride` without an equals sign or a key.
  public init(parsing text: String) throws(RecipeError) {
    guard let equals = text.firstIndex(of: "=") else { throw .malformedOverride(text) }
    let key = text[..<equals].trimmingCharacters(in: .whitespaces)
    guard !key.isEmpty else { throw .malformedOverride(text) }
    path = key.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    value = text[text.index(after: equals)...].trimmingCharacters(in: .whitespaces)
    origin = .override(text)
  }

  /// The value of a flag that stands for a key, such as `--epochs` for `isr.epochs`.
  public init(flag: String, key: String, value: some CustomStringConvertible) {
    path = key.split(separator: ".").map(String.init)
    self.value = value.description
    origin = .flag("\(flag) \(self.value)")
  }
}
