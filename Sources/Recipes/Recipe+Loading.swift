public import Foundation
import Spelling

extension Recipe {
  /// Loads a recipe by name or file, applies overrides in order, and checks the result.
  ///
  /// - Parameters:
  ///   - nameOrFile: a built-in name or the path of a YAML file; nil takes `tiny`.
  ///   - overrides: single values, each stronger than the recipe and the overrides before it.
  /// - Throws: `RecipeError` that names the file, the line and the key.
  public static func loaded(
    _ nameOrFile: String? = nil, overrides: [RecipeOverride] = []
  ) throws(RecipeError) -> Self {
    var recipe: Self
    var keys = Set(overrides.map(\.key))
    if let name = nameOrFile, let named = NamedRecipe(rawValue: name) {
      recipe = builtIn(named)
    } else if let path = nameOrFile {
      let document = try document(of: URL(fileURLWithPath: path), named: path)
      recipe = try Self(document)
      keys.formUnion(document.entries.map { $0.path.joined(separator: ".") })
    } else {
      recipe = builtIn(.tiny)
    }
    try recipe.apply(overrides)
    recipe.complete(given: keys)
    try recipe.validate()
    return recipe
  }

  /// Reads a YAML file over the built-in recipe its key `base` names, `tiny` without one.
  ///
  /// - Throws: `RecipeError` that names the file, the line and the key. Settings are not yet
  ///   checked against each other, so that overrides can still follow.
  public init(contentsOf file: URL, named name: String? = nil) throws(RecipeError) {
    try self.init(try Self.document(of: file, named: name ?? file.path))
  }

  private static func document(
    of file: URL, named name: String
  ) throws(RecipeError) -> RecipeDocument {
    var isDirectory: ObjCBool = false
    guard FileManager.default.fileExists(atPath: file.path, isDirectory: &isDirectory) else {
      throw .notFound(name: name, known: NamedRecipe.allCases.map(\.rawValue))
    }
    guard !isDirectory.boolValue else {
      throw .unreadable(file: name, reason: "it is a folder")
    }
    let bytes: Data
    do {
      bytes = try Data(contentsOf: file)
    } catch {
      throw .unreadable(file: name, reason: (error as NSError).localizedDescription)
    }
    guard let text = String(data: bytes, encoding: .utf8) else {
      throw .unreadable(file: name, reason: "it is not UTF-8 text")
    }
    return try RecipeDocument(text, named: name, isGroup: isGroup)
  }

  /// Reads YAML text over the built-in recipe its key `base` names, `tiny` without one.
  public init(yaml text: String, named name: String) throws(RecipeError) {
    try self.init(try RecipeDocument(text, named: name, isGroup: Self.isGroup))
  }

  private init(_ document: RecipeDocument) throws(RecipeError) {
    self.init()
    if let entry = document.entries.first(where: { $0.path == ["base"] }) {
      try Self.assign(entry, to: &self)
      self = Self.builtIn(base)
    }
    for stage in Self.stages {
      try document.refuseTwoLengths(of: stage)
    }
    for entry in document.entries { try Self.assign(entry, to: &self) }
  }

  /// Applies overrides in order.
  ///
  /// - Throws: `RecipeError` that names the flag and the key.
  public mutating func apply(_ overrides: [RecipeOverride]) throws(RecipeError) {
    for override in overrides {
      // The base fills whole recipes; changing it after the fact would undo what came before.
      guard override.path != ["base"] else {
        throw .wrongShape(
          origin: override.origin, key: "base",
          needed: "is chosen with --recipe, not with an override")
      }
      try Self.assign(
        RecipeDocument.Entry(
          path: override.path, value: override.value, origin: override.origin), to: &self)
    }
  }

  /// Stores one value, or says what is wrong with its key or with the value.
  private static func assign(
    _ entry: RecipeDocument.Entry, to recipe: inout Self
  ) throws(RecipeError) {
    let key = entry.path.joined(separator: ".")
    if entry.path.count == 2, let table = tables.first(where: { $0.name == entry.path[0] }) {
      guard let value = entry.value, !value.isEmpty, !entry.path[1].isEmpty else {
        throw .wrongShape(
          origin: entry.origin, key: key, needed: "takes a value, with commas between several")
      }
      recipe[keyPath: table.values][entry.path[1]] = value
      return
    }
    guard let field = fields.first(where: { $0.path == entry.path }) else {
      if recipe.ignores(entry.path) { return }
      if isGroup(entry.path) {
        throw .wrongShape(
          origin: entry.origin, key: key, needed: "is a group of keys and takes no value itself")
      }
      throw .unknownKey(
        origin: entry.origin, key: key, nearest: nearestKey(to: key, among: names))
    }
    guard let value = entry.value else {
      throw .wrongShape(
        origin: entry.origin, key: key, needed: "takes \(field.expectation), not a group or a list")
    }
    switch field.assign(&recipe, value) {
    case nil: return
    case .wrongType:
      throw .wrongType(
        origin: entry.origin, key: key, value: value, expected: field.expectation)
    case .outOfRange:
      var hint: String?
      if case .choice(let names) = field.expectation { hint = nearest(to: value, among: names) }
      throw .outOfRange(
        origin: entry.origin, key: key, value: value, expected: field.expectation, nearest: hint)
    }
  }
}
