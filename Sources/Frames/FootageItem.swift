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
  /// Why it could not be opened when it was found, in a few words; nil if it could.
  public let problem: String?

  /// Makes an item.
  public init(path: String, name: String, kind: Kind, problem: String? = nil) {
    self.path = path
    self.name = name
    self.kind = kind
    self.problem = problem
  }

  /// Why it cannot be opened at this moment, in a few words; nil if it can.
  ///
  /// Nothing is decoded: a file that is there and may be read is no problem, whatever it holds.
  public var presentProblem: String? { FootageSearch.problem(of: path, kind: kind) }
}
