/// The crops of one frame: neighbours in the store.
public struct CropFrame: Sendable, Hashable {
  /// Number of the video in ``CropStore/videos``.
  public var video: Int
  /// Number of the clip in its video.
  public var clip: Int
  /// Number of the frame in decode order, from 0.
  public var frame: Int
  /// Presentation time in seconds.
  public var seconds: Double
  /// Positions of the frame's crops in the store.
  public var crops: Range<Int>
}
