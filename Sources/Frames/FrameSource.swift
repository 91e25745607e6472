import Images

/// Where frames come from: a video file or a folder of numbered frames.
///
/// A source is used by one thread at a time and hands frames out in decoding order. Finding the
/// next frame and making its picture are separate steps, so that skipped frames cost no picture.
protocol FrameSource: AnyObject {
  /// What is known before the second frame is read.
  var information: VideoInformation { get }
  /// How well the part read so far could be read.
  var health: FrameHealth { get }
  /// Goes one frame on.
  func advance() throws(VideoError) -> FrameStep
  /// Makes the picture of the frame that the last ``advance()`` reached.
  ///
  /// - Returns: the picture, or `nil` if this frame is damaged and the next may be readable.
  func picture() throws(VideoError) -> Image?
}
