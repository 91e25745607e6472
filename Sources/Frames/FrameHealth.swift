/// How well a video could be read so far.
public struct FrameHealth: Sendable, Hashable {
  /// Frames decoded, whether delivered or skipped by sampling.
  public var decodedFrames = 0
  /// Packets or pictures that were marked damaged, unreadable, or not decodable cleanly.
  public var damagedPackets = 0
  /// Whether the file ends before the end that its header announces; known at the end.
  public var isTruncated = false

  /// A video of which nothing has been read.
  public init() {}
}
