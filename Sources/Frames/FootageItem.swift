/// One piece of footage that ``Footage/find(_:)`` found.
public struct FootageItem: Sendable, Hashable {
  /// What an item is.
  public enum Kind: String, Sendable, Codable {
    /// A file for FFmpeg.
    case video
    /// A folder of numbered pictures.
    case numberedFrames
  }

  /// The file or folder, as ``VideoReader`` takes it.
  public let path: String
  /// The last components of the path, as many as make it unlike those of the other items.
  public let name: String
  /// What it is.
  public let kind: Kind

  /// Makes an item.
  public init(path: String, name: String, kind: Kind) {
    self.path = path
    self.name = name
    self.kind = kind
  }
}
