/// A group of recipe keys whose names another part of the program knows, such as the settings of the
/// adapter that is chosen.
///
/// The recipe keeps the texts as they are; who uses them checks names and values.
public struct RecipeTable<Settings>: Sendable {
  /// Name of the group.
  public let name: String
  /// What its keys are, in a few words.
  public let summary: String
  /// The texts by key, inside the settings.
  let values: any WritableKeyPath<Settings, [String: String]> & Sendable

  /// Names a group.
  init(
    _ name: String, _ values: any WritableKeyPath<Settings, [String: String]> & Sendable,
    _ summary: String
  ) {
    self.name = name
    self.values = values
    self.summary = summary
  }

  /// The lines of a written recipe; none where the group is empty.
  func lines(of settings: Settings) -> [String] {
    let values = settings[keyPath: values]
    guard !values.isEmpty else { return [] }
    return ["\(name):  # \(summary)"]
      + values.sorted { $0.key < $1.key }.map { key, text in
        "  \(yamlText(key)): \(Double(text) != nil ? text : yamlText(text))"
      }
  }
}
