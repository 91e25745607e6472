/// A file that looks like a picture of the data set but was left out.
public struct SkippedFile: Sendable, Hashable, Codable {
  /// Where the file is.
  public var path: String
  /// Why it was left out.
  public var reason: String

  /// Makes an entry.
  public init(path: String, reason: String) {
    self.path = path
    self.reason = reason
  }
}
