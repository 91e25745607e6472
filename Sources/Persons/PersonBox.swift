public import Images

/// One person in one frame.
public struct PersonBox: Sendable, Hashable, Codable {
  /// The place in the frame, in pixels; it may reach over the border of the picture.
  public var rectangle: Rectangle
  /// How sure the source of the box is, usually 0…1; 1 where the source does not say.
  public var confidence: Double
  /// The person's number in a detections file, for judging mined pairs only: miners never read it.
  public var identity: Int?

  /// Makes a box.
  public init(rectangle: Rectangle, confidence: Double = 1, identity: Int? = nil) {
    self.rectangle = rectangle
    self.confidence = confidence
    self.identity = identity
  }
}
