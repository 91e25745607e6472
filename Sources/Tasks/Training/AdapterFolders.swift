/// Folders of adapters to put on a model, and what is forgiven of them.
public struct AdapterFolders: Sendable, Hashable, ExpressibleByArrayLiteral {
  /// Folders of our own form or of the PEFT library's.
  public var paths: [String]
  /// Whether layers of a PEFT folder that the network has not, and announced ones that the folder lacks,
  /// are left out.
  public var allowsPartial: Bool
  /// Whether an adapter may have been trained on other weights.
  public var allowsOtherBase: Bool

  /// Names folders; nothing is forgiven unless said.
  public init(_ paths: [String], allowsPartial: Bool = false, allowsOtherBase: Bool = false) {
    self.paths = paths
    self.allowsPartial = allowsPartial
    self.allowsOtherBase = allowsOtherBase
  }

  /// Names folders of which nothing is forgiven.
  public init(arrayLiteral paths: String...) {
    self.init(paths)
  }
}
