/// What ``Footage/search(_:)`` found.
public struct FootageFindings: Sendable, Hashable {
  /// The footage, in order.
  public let items: [FootageItem]
  /// Files in the folders searched that were not taken for videos, because their names do not end
  /// like those of videos; pictures of a numbered series and hidden files are not among them.
  public let otherFiles: [String]

  /// Makes findings.
  public init(items: [FootageItem], otherFiles: [String] = []) {
    self.items = items
    self.otherFiles = otherFiles
  }
}
