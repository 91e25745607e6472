/// A network whose layers see a picture as a row of tokens, some others before it.
public protocol TokenPicture: Module {
  /// How the tokens of a picture lie.
  var tokenGrid: TokenGrid { get }
}

/// Rows and columns of the picture that tokens form, and how many tokens stand before it.
public struct TokenGrid: Sendable, Hashable {
  /// Rows of tokens.
  public let height: Int
  /// Columns of tokens.
  public let width: Int
  /// Tokens before the picture, such as a class token and registers.
  public let prefix: Int

  /// Describes a row of tokens.
  public init(height: Int, width: Int, prefix: Int) {
    self.height = height
    self.width = width
    self.prefix = prefix
  }
}
