/// A recipe of a command that trains nothing: keys that decide a training are passed over, so that the
/// recipe of a run can be given to every command.
///
/// Keys that no recipe has are errors here as everywhere.
public protocol PartialRecipe: Recipe {
  /// Keys that were given and decide a training alone, in the order in which they came.
  var ignoredKeys: [String] { get set }
}

extension PartialRecipe {
  /// None.
  public static var stages: [String] { [] }

  /// The same for every name: none of them trains here.
  public static func builtIn(_ name: NamedRecipe) -> Self {
    var recipe = Self()
    recipe.base = name
    return recipe
  }

  /// Passes over a key, or a group of keys, that a recipe of a training has.
  public mutating func ignores(_ path: [String]) -> Bool {
    guard Self.isOfTraining(path) else { return false }
    ignoredKeys.append(path.joined(separator: "."))
    return true
  }

  private static func isOfTraining(_ path: [String]) -> Bool {
    func knows<Other: Recipe>(_ other: Other.Type) -> Bool {
      other.isGroup(path) || other.fields.contains { $0.path == path }
        || path.count == 2 && other.tables.contains { $0.name == path[0] }
    }
    return knows(PretrainingRecipe.self) || knows(ReIDRecipe.self) || knows(FaceRecipe.self)
      || knows(RestorationRecipe.self)
  }
}
