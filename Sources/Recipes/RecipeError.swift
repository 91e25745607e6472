/// What is wrong with a recipe: what, where, and what to do.
public enum RecipeError: Error, Sendable, Hashable, CustomStringConvertible {
  /// Neither a built-in recipe nor a file has this name.
  case notFound(name: String, known: [String])
  /// The file exists but cannot be read as UTF-8 text.
  case unreadable(file: String, reason: String)
  /// The file is not YAML.
  case malformed(file: String, line: Int, reason: String)
  /// A key that no recipe has.
  case unknownKey(origin: RecipeOrigin, key: String, nearest: String?)
  /// A key given twice in one file.
  case duplicateKey(origin: RecipeOrigin, key: String)
  /// A group where a value is needed, or a value where a group is needed.
  case wrongShape(origin: RecipeOrigin, key: String, needed: String)
  /// A value of the wrong kind.
  case wrongType(origin: RecipeOrigin, key: String, value: String, expected: RecipeExpectation)
  /// A value of the right kind that is not allowed.
  case outOfRange(
    origin: RecipeOrigin, key: String, value: String, expected: RecipeExpectation,
    nearest: String?)
  /// An override that is not `KEY=VALUE`.
  case malformedOverride(String)
  /// Two settings that cannot hold together.
  case conflict(keys: [String], reason: String)
  /// The effective recipe could not be written.
  case cannotWrite(file: String, reason: String)

  /// One sentence for the person who wrote the recipe.
  public var description: String {
    switch self {
    case .notFound(let name, let known):
      return "There is no recipe file and no built-in recipe named \"\(name)\"; give a file, or "
        + "one of \(known.joined(separator: ", "))."
    case .unreadable(let file, let reason):
      return "The recipe \(file) cannot be read: \(reason)."
    case .malformed(let file, let line, let reason):
      return "The recipe \(file) is not valid YAML at line \(line): \(reason)."
    case .unknownKey(let origin, let key, let nearest):
      let hint = nearest.map { "did you mean \"\($0)\"?" } ?? "see the keys in docs/recipes.md."
      return "Unknown key \"\(key)\" in \(origin); \(hint)"
    case .duplicateKey(let origin, let key):
      return "The key \"\(key)\" is given twice in \(origin); keep one of them."
    case .wrongShape(let origin, let key, let needed):
      return "\"\(key)\" in \(origin) \(needed)."
    case .wrongType(let origin, let key, let value, let expected):
      return "\"\(key)\" in \(origin) takes \(expected), not \(Self.quoted(value))."
    case .outOfRange(let origin, let key, let value, let expected, let nearest):
      let hint = nearest.map { "; did you mean \"\($0)\"?" } ?? "."
      return "\"\(key)\" in \(origin) takes \(expected), but \(Self.quoted(value)) was given\(hint)"
    case .malformedOverride(let text):
      return "The override \(Self.quoted(text)) is not KEY=VALUE; write for example "
        + "--set isr.temperature=0.1."
    case .conflict(let keys, let reason):
      return "The settings \(keys.joined(separator: " and ")) do not fit together: \(reason)."
    case .cannotWrite(let file, let reason):
      return "The recipe cannot be written to \(file): \(reason)."
    }
  }

  /// A value in quotes, cut where it is too long for one line.
  private static func quoted(_ value: String) -> String {
    value.isEmpty ? "nothing" : "\"\(value.count > 60 ? value.prefix(60) + "…" : value[...])\""
  }
}

/// Where a recipe value was written.
public enum RecipeOrigin: Sendable, Hashable, CustomStringConvertible {
  /// A recipe file and a line in it, counted from 1.
  case file(String, line: Int)
  /// A `--set` flag.
  case override(String)
  /// A flag with a name of its own, such as `--epochs 5`.
  case flag(String)

  /// The phrase used in error messages.
  public var description: String {
    switch self {
    case .file(let name, let line): "\(name) line \(line)"
    case .override(let text): "--set \(text)"
    case .flag(let text): text
    }
  }
}
