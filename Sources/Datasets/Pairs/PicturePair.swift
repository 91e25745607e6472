/// Two pictures of one scene: spoiled and clean.
public struct PicturePair: Sendable, Hashable, Codable {
  /// The clean picture's path below the data folder, without its ending.
  public var name: String
  /// Where the spoiled picture is.
  public var degraded: String
  /// Where the clean picture is.
  public var clean: String

  /// Makes a pair.
  public init(name: String, degraded: String, clean: String) {
    self.name = name
    self.degraded = degraded
    self.clean = clean
  }
}
