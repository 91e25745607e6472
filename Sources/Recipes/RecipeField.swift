/// One key of a recipe: where it stands, what it takes, and how it is read and written.
///
/// A settings type lists its keys once, as fields; reading, overriding, range checks, nearest-key
/// errors and the written YAML all follow from that list.
public struct RecipeField<Settings>: Sendable {
  /// The key path from the top of the recipe, such as `["isr", "temperature"]`.
  public let path: [String]
  /// What the key means, with its unit.
  public let summary: String
  /// The values the key takes.
  public let expectation: RecipeExpectation
  /// The present value as written in YAML.
  let text: @Sendable (Settings) -> String
  /// Stores a value, or says why it does not fit.
  let assign: @Sendable (inout Settings, String) -> RecipeMismatch?

  /// The key path joined with dots.
  public var name: String { path.joined(separator: ".") }

  /// A whole number within `range`.
  static func integer(
    _ key: String, _ keyPath: any WritableKeyPath<Settings, Int> & Sendable,
    _ range: ClosedRange<Int>, _ summary: String
  ) -> RecipeField {
    RecipeField(
      path: [key], summary: summary, expectation: .integer(range),
      text: { String($0[keyPath: keyPath]) },
      assign: { settings, text in
        guard let value = Int(text) else { return .wrongType }
        guard range.contains(value) else { return .outOfRange }
        settings[keyPath: keyPath] = value
        return nil
      })
  }

  /// A finite number within `range`.
  static func number(
    _ key: String, _ keyPath: any WritableKeyPath<Settings, Double> & Sendable,
    _ range: ClosedRange<Double>, _ summary: String
  ) -> RecipeField {
    RecipeField(
      path: [key], summary: summary, expectation: .number(range),
      text: { yamlNumber($0[keyPath: keyPath]) },
      assign: { settings, text in
        // Double also reads "nan", "inf" and hexadecimal; none of them belongs in a recipe.
        guard text.allSatisfy({ "0123456789+-.eE".contains($0) }), let value = Double(text),
          value.isFinite
        else { return .wrongType }
        guard range.contains(value) else { return .outOfRange }
        settings[keyPath: keyPath] = value
        return nil
      })
  }

  /// True or false.
  static func flag(
    _ key: String, _ keyPath: any WritableKeyPath<Settings, Bool> & Sendable, _ summary: String
  ) -> RecipeField {
    RecipeField(
      path: [key], summary: summary, expectation: .flag,
      text: { $0[keyPath: keyPath] ? "true" : "false" },
      assign: { settings, text in
        switch text.lowercased() {
        case "true", "yes", "on": settings[keyPath: keyPath] = true
        case "false", "no", "off": settings[keyPath: keyPath] = false
        default: return .wrongType
        }
        return nil
      })
  }

  /// One of the names of an enumeration.
  static func choice<Choice: RecipeChoice>(
    _ key: String, _ keyPath: any WritableKeyPath<Settings, Choice> & Sendable, _ summary: String
  ) -> RecipeField {
    RecipeField(
      path: [key], summary: summary, expectation: .choice(Choice.allCases.map(\.rawValue)),
      text: { $0[keyPath: keyPath].rawValue },
      assign: { settings, text in
        guard let value = Choice(rawValue: text) else { return .outOfRange }
        settings[keyPath: keyPath] = value
        return nil
      })
  }

  /// A name that another part of the program looks up, such as a backbone.
  static func name(
    _ key: String, _ keyPath: any WritableKeyPath<Settings, String> & Sendable, _ summary: String
  ) -> RecipeField {
    RecipeField(
      path: [key], summary: summary, expectation: .name,
      text: { yamlText($0[keyPath: keyPath]) },
      assign: { settings, text in
        guard !text.isEmpty else { return .wrongType }
        settings[keyPath: keyPath] = text
        return nil
      })
  }

  /// The same field seen from the settings that hold this group under `key`.
  func within<Outer>(
    _ key: String, _ group: any WritableKeyPath<Outer, Settings> & Sendable
  ) -> RecipeField<Outer> {
    RecipeField<Outer>(
      path: [key] + path, summary: summary, expectation: expectation,
      text: { [text] in text($0[keyPath: group]) },
      assign: { [assign] in assign(&$0[keyPath: group], $1) })
  }
}
