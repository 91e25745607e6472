/// What a video's container and its first frame tell.
public struct VideoInformation: Sendable, Hashable {
  /// Width for display in pixels: sample aspect ratio and rotation applied.
  public let width: Int
  /// Height for display in pixels: sample aspect ratio and rotation applied.
  public let height: Int
  /// Width of the delivered frames; smaller than ``width`` only with a maximum height.
  public let frameWidth: Int
  /// Height of the delivered frames; smaller than ``height`` only with a maximum height.
  public let frameHeight: Int
  /// FFmpeg's name of the codec, such as `h264`; `images` for a folder of numbered frames.
  public let codec: String
  /// Frames per second of the file: the container's average, or a guess where it tells none.
  public let framesPerSecond: Double
  /// Length in seconds as the container announces it.
  public let durationSeconds: Double?
  /// Number of frames as the container announces it, or length times rate.
  public let frameCountEstimate: Int?
  /// Unit of the frames' time stamps.
  public let timeBase: TimeBase
}
