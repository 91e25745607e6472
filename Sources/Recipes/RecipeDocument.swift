import Yams

/// A YAML recipe as a flat list of key paths and values, each with the line it stands on.
struct RecipeDocument {
  /// One value of the file.
  struct Entry {
    let path: [String]
    /// The text of a scalar; nil for a mapping or list that stands where a value is needed.
    let value: String?
    let origin: RecipeOrigin
  }

  /// The values in the order of the file.
  private(set) var entries: [Entry] = []

  /// Tells whether a key path names a group of keys.
  private let isGroup: ([String]) -> Bool

  /// Reads YAML text; an empty text has no entries.
  ///
  /// `isGroup` tells which key paths hold further keys.
  ///
  /// - Throws: `RecipeError.malformed` for text that is no YAML or no mapping, and
  ///   `.duplicateKey`.
  init(
    _ text: String, named name: String, isGroup: @escaping ([String]) -> Bool
  ) throws(RecipeError) {
    self.isGroup = isGroup
    let root: Node?
    do {
      root = try Yams.compose(yaml: text)
    } catch let error as YamlError {
      throw Self.sentence(for: error, named: name)
    } catch {
      throw .malformed(file: name, line: 1, reason: "\(error)")
    }
    guard let root else { return }
    guard case .mapping(let mapping) = root else {
      if case .scalar(let scalar) = root, scalar.string.isEmpty { return }
      throw .malformed(
        file: name, line: root.mark?.line ?? 1, reason: "a recipe is a list of keys with values")
    }
    try append(mapping, under: [], named: name)
  }

  /// Refuses a stage whose length is given both in steps and in epochs.
  func refuseTwoLengths(of stage: String) throws(RecipeError) {
    func isPositive(_ key: String) -> Bool {
      entries.contains { $0.path == [stage, key] && Int($0.value ?? "") ?? 0 > 0 }
    }
    if isPositive("steps"), isPositive("epochs") {
      throw .conflict(
        keys: ["\(stage).steps", "\(stage).epochs"],
        reason: "both give the length of the stage; keep one and set the other to 0")
    }
  }

  private mutating func append(
    _ mapping: Node.Mapping, under path: [String], named name: String
  ) throws(RecipeError) {
    // The deepest key of a recipe has three parts; deeper nesting is a wrong key at any rate, and
    // the limit also ends the walk through a file that repeats its parts by reference.
    let isTooDeep = path.count >= 4
    for (keyNode, valueNode) in mapping {
      let origin = RecipeOrigin.file(name, line: keyNode.mark?.line ?? 1)
      guard case .scalar(let key) = keyNode else {
        throw .malformed(
          file: name, line: keyNode.mark?.line ?? 1, reason: "a key must be a single word")
      }
      let keyPath = path + [key.string]
      switch valueNode {
      case .scalar(let scalar):
        // A group whose keys are all commented out reads as an empty value.
        if isGroup(keyPath), scalar.string.isEmpty { continue }
        entries.append(Entry(path: keyPath, value: scalar.string, origin: origin))
      case .mapping(let inner) where !isTooDeep && isGroup(keyPath):
        try append(inner, under: keyPath, named: name)
      default:
        entries.append(Entry(path: keyPath, value: nil, origin: origin))
      }
    }
  }

  private static func sentence(for error: YamlError, named name: String) -> RecipeError {
    switch error {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      return .malformed(file: name, line: mark.line, reason: problem)
    case .duplicatedKeysInMapping(let duplicates, let context):
      return .duplicateKey(
        origin: .file(name, line: context.mark.line),
        key: duplicates.first ?? "")
    default:
      return .malformed(file: name, line: 1, reason: "\(error)")
    }
  }
}
