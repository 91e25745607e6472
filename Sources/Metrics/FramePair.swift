/// The crops of two frames of one clip, between which pairs are mined.
public struct FramePair: Sendable, Hashable, Codable {
  /// Indices of the crops in the earlier frame.
  public var first: [Int]
  /// Indices of the crops in the later frame.
  public var second: [Int]
  /// Seconds between the frames; 0 where that does not matter.
  public var gap: Double
  /// Number of the video that both frames belong to.
  public var video: Int
  /// Time of the earlier frame in its video, in seconds.
  public var seconds: Double
  /// Frame pairs of the same video that are less than this many seconds apart may show the same
  /// persons; 0 where that is not to be thought of.
  public var recurrenceSeconds: Double

  /// Makes a frame pair.
  public init(
    first: [Int], second: [Int], gap: Double = 0, video: Int = 0, seconds: Double = 0,
    recurrenceSeconds: Double = 0
  ) {
    self.first = first
    self.second = second
    self.gap = gap
    self.video = video
    self.seconds = seconds
    self.recurrenceSeconds = recurrenceSeconds
  }

  /// Whether another frame pair may show the same persons: of one video, and near in time.
  public func mayRecur(in other: FramePair) -> Bool {
    guard video == other.video else { return false }
    let (earlier, later) = seconds <= other.seconds ? (self, other) : (other, self)
    let apart = max(later.seconds - earlier.seconds - earlier.gap, 0)
    return apart < max(recurrenceSeconds, other.recurrenceSeconds)
  }
}
