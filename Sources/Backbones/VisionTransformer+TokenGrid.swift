public import Layers

extension VisionTransformer: TokenPicture {
  /// The patches, and the class token and registers before them.
  public var tokenGrid: TokenGrid {
    let grid = configuration.grid
    return TokenGrid(height: grid.height, width: grid.width, prefix: configuration.prefixTokens)
  }
}
