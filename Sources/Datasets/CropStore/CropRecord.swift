public import Images

/// Where one crop comes from: video, clip, frame, time, box, and the size of the frame it was cut from.
///
/// The frame's size stands beside the box because a box without it is useless once a video has been
/// decoded at another height. `identity` is known only where a side file states it; miners never
/// look at it.
public struct CropRecord: Sendable, Hashable, Codable {
  /// Name of the video, as the extraction calls it.
  public var video: String
  /// Number of the clip (run of frames without a shot cut) in its video, from 0.
  public var clip: Int
  /// Number of the frame in decode order, from 0.
  public var frame: Int
  /// Presentation time in the time base of the stream.
  public var timestamp: Int64
  /// Presentation time in seconds.
  public var seconds: Double
  /// The person's box in pixels of the frame.
  public var box: Rectangle
  /// Width of the frame in pixels.
  public var frameWidth: Int
  /// Height of the frame in pixels.
  public var frameHeight: Int
  /// The detector's confidence.
  public var confidence: Double
  /// True identity where a side file states one.
  public var identity: Int?

  /// Makes a record from its fields.
  public init(
    video: String, clip: Int, frame: Int, timestamp: Int64, seconds: Double, box: Rectangle,
    frameWidth: Int, frameHeight: Int, confidence: Double, identity: Int? = nil
  ) {
    self.video = video
    self.clip = clip
    self.frame = frame
    self.timestamp = timestamp
    self.seconds = seconds
    self.box = box
    self.frameWidth = frameWidth
    self.frameHeight = frameHeight
    self.confidence = confidence
    self.identity = identity
  }

  /// Why this record cannot be written, or nil: numbers must be finite, and counts fit 32 bits.
  var defect: String? {
    let numbers = [seconds, box.left, box.top, box.width, box.height, confidence]
    if numbers.contains(where: { !$0.isFinite }) {
      return "its time, box or confidence is not a finite number"
    }
    let counts = [clip, frame, frameWidth, frameHeight]
    if counts.contains(where: { $0 < 0 || $0 > Int(Int32.max) }) {
      return "its clip, frame number or frame size is negative or beyond 32 bits"
    }
    return nil
  }
}
