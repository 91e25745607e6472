public import Images

/// One decoded picture of a video and its place in time.
public struct Frame: Sendable {
  /// The picture as it is to be looked at: rotation and sample aspect ratio applied.
  public let image: Image
  /// Place in decoding order, from 0; counts frames that sampling skipped, too.
  public let index: Int
  /// Presentation time stamp in units of ``VideoInformation/timeBase``.
  public let timestamp: Int64
  /// Presentation time in seconds: ``timestamp`` times the time base, which need not start at 0.
  public let seconds: Double

  /// Makes a frame.
  public init(image: Image, index: Int, timestamp: Int64, seconds: Double) {
    self.image = image
    self.index = index
    self.timestamp = timestamp
    self.seconds = seconds
  }
}
