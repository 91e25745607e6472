import Tensors

/// All heads over persons, by name.
public enum IdentityHeadCatalog {
  /// One line for each.
  public static let all: [any IdentityHead.Type] = [
    LinearHead.self,
    NestedHead.self,
    SubspaceHead.self,
  ]

  /// The head of a name.
  ///
  /// - Throws: ``TaskError/unsuitableSettings(reason:)`` for a name that is not in the list.
  public static func type(named name: String) throws(TaskError) -> any IdentityHead.Type {
    guard let type = all.first(where: { $0.name == name }) else {
      let known = all.map { "\($0.name) (\($0.summary))" }.joined(separator: ", ")
      throw .unsuitableSettings(
        reason: "There is no head \"\(name)\"; head.kind takes one of \(known).")
    }
    return type
  }

  /// Makes the head of a name.
  ///
  /// - Throws: ``TaskError/unsuitableSettings(reason:)`` for a name that is not in the list, or more
  ///   dimensions than the vectors have.
  static func head(
    named name: String, _ shape: IdentityHeadShape, random: RandomStream
  ) throws(TaskError) -> any IdentityHead {
    let type = try type(named: name)
    guard type != SubspaceHead.self || shape.dimension <= shape.width else {
      throw .unsuitableSettings(
        reason: "head.dimension is \(shape.dimension), but the vectors have \(shape.width) numbers."
      )
    }
    return type.init(shape, random: random)
  }
}
