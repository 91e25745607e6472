/// How far an extraction is; reported after every frame.
public struct ExtractionProgress: Sendable, Hashable {
  /// What is done to the current video.
  public enum Stage: String, Sendable {
    /// The background is being learnt ahead of the crops.
    case background
    /// Crops are being cut.
    case crops
  }

  /// The video at work, from 1.
  public var video: Int
  /// Number of videos.
  public var videos: Int
  /// Name of the video at work.
  public var name: String
  /// What is done to it.
  public var stage: Stage
  /// Frames of it that are done in this stage.
  public var frames: Int
  /// Frames of it to expect, if its length is known.
  public var expectedFrames: Int?
  /// Crops of it so far.
  public var crops: Int
}
