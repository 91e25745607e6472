/// One picture of a known person.
public struct LabelledImage: Sendable, Hashable, Codable {
  /// What a picture is used for.
  public enum Split: String, Sendable, Hashable, Codable, CaseIterable {
    /// Learning.
    case train
    /// Looked for when scoring.
    case query
    /// Searched when scoring.
    case gallery
  }

  /// Where the file is.
  public var path: String
  /// The person's number; 0 marks distractors in folders of the Market-1501 kind.
  public var person: Int
  /// The camera's number as the file name or table tells it, or nil if nothing does.
  public var camera: Int?
  /// What the picture is used for.
  public var split: Split

  /// Makes a labelled picture.
  public init(path: String, person: Int, camera: Int? = nil, split: Split) {
    self.path = path
    self.person = person
    self.camera = camera
    self.split = split
  }
}
