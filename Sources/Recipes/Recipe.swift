/// Everything that decides a run of one command, besides its data: built-in forms, a YAML file, and
/// single values given beside it.
///
/// A conforming type lists its keys once, as fields; reading, overriding, range checks, nearest-key
/// errors, the written YAML and the key table all follow from that list.
public protocol Recipe: RecipeSettings {
  /// What the recipe is for, in the first line of its file, such as `vision-pretrain`.
  static var purpose: String { get }
  /// Groups whose keys `steps` and `epochs` exclude each other.
  static var stages: [String] { get }

  /// Groups of keys whose names another part of the program knows.
  static var tables: [RecipeTable<Self>] { get }

  /// The built-in recipe that fills the keys a file leaves out.
  var base: NamedRecipe { get set }
  /// Seed of all random numbers.
  var seed: Int { get set }
  /// Threads; 0 takes every core.
  var threads: Int { get set }

  /// The built-in recipe of a name.
  static func builtIn(_ name: NamedRecipe) -> Self

  /// Fills in what follows from the settings that were given, by their dotted keys.
  mutating func complete(given keys: Set<String>)

  /// Checks the settings that are each allowed but must fit together.
  ///
  /// - Throws: `RecipeError.conflict` that names the keys.
  func validate() throws(RecipeError)

  /// Whether a key that is none of the recipe's is passed over, instead of being an error.
  mutating func ignores(_ path: [String]) -> Bool
}

extension Recipe {
  /// None.
  public static var tables: [RecipeTable<Self>] { [] }

  /// Nothing follows.
  public mutating func complete(given keys: Set<String>) {}

  /// None is.
  public mutating func ignores(_ path: [String]) -> Bool { false }

  /// Whether a key path names a group of keys.
  static func isGroup(_ path: [String]) -> Bool {
    fields.contains { $0.path.count > path.count && $0.path.starts(with: path) }
      || tables.contains { [$0.name] == path }
  }

  /// Most threads a run can use, the limit of the thread pool.
  public static var maximumThreads: Int { 64 }

  /// The keys that every recipe has.
  static var generalFields: [RecipeField<Self>] {
    [
      .choice("base", \.base, "built-in recipe that fills the keys left out"),
      .integer("seed", \.seed, 0...Int.max, "of all random numbers"),
      .integer("threads", \.threads, 0...maximumThreads, "0 = every core"),
    ]
  }

  /// Every dotted key, and every group of keys after them.
  static var names: [String] {
    let groups = fields.flatMap { field in
      field.path.indices.dropFirst().map { field.path[..<$0].joined(separator: ".") }
    }
    return fields.map(\.name) + Set(groups).sorted() + tables.map(\.name)
  }
}

/// Refuses the first pair of keys whose lower value lies above the higher one.
///
/// - Throws: `RecipeError.conflict` that names both keys.
func requireOrder(_ pairs: [(String, Double, String, Double)]) throws(RecipeError) {
  for (lowKey, low, highKey, high) in pairs where low > high {
    throw .conflict(
      keys: [lowKey, highKey],
      reason: "\(yamlNumber(low)) is above \(yamlNumber(high)), so no value lies between them")
  }
}
