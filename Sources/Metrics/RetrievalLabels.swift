/// Who is on each image of a query or gallery set, and which camera took it.
public struct RetrievalLabels: Sendable {
  /// The person of a gallery image that shows no usable person: removed for every query.
  public static let junkPerson = -1

  /// `[images]`: person numbers.
  ///
  /// ``junkPerson`` is removed; distractors (0 in Market-1501) need no rule, since no query carries
  /// their number.
  public var persons: [Int]
  /// `[images]`: camera numbers, or nil when they are not known.
  public var cameras: [Int]?
  /// `[images]`: something equal for equal images, such as the path or a hash of the bytes; only
  /// used to remove the query itself when cameras are not looked at.
  public var imageKeys: [String]?

  /// Puts the labels of a set together.
  public init(persons: [Int], cameras: [Int]? = nil, imageKeys: [String]? = nil) {
    precondition(
      cameras.map { $0.count == persons.count } ?? true,
      "RetrievalLabels: \(persons.count) persons but \(cameras?.count ?? 0) cameras")
    precondition(
      imageKeys.map { $0.count == persons.count } ?? true,
      "RetrievalLabels: \(persons.count) persons but \(imageKeys?.count ?? 0) image keys")
    self.persons = persons
    self.cameras = cameras
    self.imageKeys = imageKeys
  }

  /// Number of images.
  public var count: Int { persons.count }
}
