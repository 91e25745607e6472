/// A group of recipe keys with its defaults.
public protocol RecipeSettings: Codable, Sendable, Hashable {
  /// The defaults of the group, which are those of the built-in recipe `tiny`.
  init()
  /// Every key of the group in the order it is written.
  static var fields: [RecipeField<Self>] { get }
}
