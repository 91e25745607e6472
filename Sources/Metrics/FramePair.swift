/// The crops of two frames of one clip, between which pairs are mined.
public struct FramePair: Sendable, Hashable, Codable {
  /// Indices of the crops in the earlier frame.
  public var first: [Int]
  /// Indices of the crops in the later frame.
  public var second: [Int]
  /// Seconds between the frames; 0 where that does not matter.
  public var gap: Double

  /// Makes a frame pair.
  public init(first: [Int], second: [Int], gap: Double = 0) {
    self.first = first
    self.second = second
    self.gap = gap
  }
}
