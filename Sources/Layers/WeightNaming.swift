public import Tensors

/// How a published form of a network names the tensors that a module holds.
///
/// The same weights stand in files under several names: timm's, an original repository's, those of
/// another library. A naming turns the paths of the module into the names of one such form; where a
/// form keeps in several tensors what the module keeps in one, their rows are stacked in order.
public struct WeightNaming: Sendable {
  /// Whose names they are, for messages.
  public let title: String
  private let recognizes: @Sendable (Set<String>) -> Bool
  private let translate: @Sendable (String) -> [String]
  private let isIgnored: @Sendable (String) -> Bool
  private let compose: @Sendable (String) -> Composition?

  /// How a module's tensor is made of those of a form, where it is not their rows in order.
  public struct Composition: Sendable {
    /// The shape of the result from those of the tensors; nil where they do not go together.
    public let shape: @Sendable ([[Int]]) -> [Int]?
    /// The result.
    public let tensor: @Sendable ([Tensor]) -> Tensor

    /// What is written under the first of the names, so that the same is read from it again.
    public let stored: @Sendable (Tensor) -> Tensor

    /// Makes a composition.
    public init(
      shape: @escaping @Sendable ([[Int]]) -> [Int]?,
      tensor: @escaping @Sendable ([Tensor]) -> Tensor,
      stored: @escaping @Sendable (Tensor) -> Tensor = { $0 }
    ) {
      self.shape = shape
      self.tensor = tensor
      self.stored = stored
    }
  }

  /// Makes a naming.
  ///
  /// - Parameters:
  ///   - title: whose names they are.
  ///   - recognizes: whether a file with these names has this form.
  ///   - ignores: whether a name of the file is no weight but something that is computed again.
  ///   - composes: how the tensors of a path's names become one, where it is not row by row.
  ///   - translate: the names that make the tensor of a path, in the order of their rows.
  public init(
    _ title: String, recognizes: @escaping @Sendable (Set<String>) -> Bool,
    ignores: @escaping @Sendable (String) -> Bool = { _ in false },
    composes: @escaping @Sendable (String) -> Composition? = { _ in nil },
    translate: @escaping @Sendable (String) -> [String]
  ) {
    self.title = title
    self.recognizes = recognizes
    isIgnored = ignores
    compose = composes
    self.translate = translate
  }

  /// Names that equal the paths.
  public static let own = WeightNaming("its own", recognizes: { _ in true }) { [$0] }

  /// Whether a file with these names has this form.
  public func fits(_ names: Set<String>) -> Bool { recognizes(names) }

  /// The names that make the tensor of a path.
  public func names(of path: String) -> [String] { translate(path) }

  /// Whether a name of the file is no weight.
  public func ignores(_ name: String) -> Bool { isIgnored(name) }

  /// How the tensors of a path's names become one; nil where their rows stand in order.
  public func composition(of path: String) -> Composition? { compose(path) }
}
