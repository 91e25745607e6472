/// What became of one video.
public struct VideoOutcome: Sendable, Hashable, Codable {
  /// Name of the video.
  public var name: String
  /// Where it lies.
  public var path: String
  /// Frames looked at.
  public var frames = 0
  /// Boxes before the box rules; nil if nobody counted.
  public var boxes: Int?
  /// Crops stored.
  public var crops = 0
  /// Runs of frames without a cut; nil if nobody counted.
  public var clips: Int?
  /// Where the boxes come from, such as a file's path; nil if the video was not opened.
  public var boxSource: String?
  /// Length of the footage that was read, in seconds.
  public var footageSeconds = 0.0
  /// Time the extraction took, in seconds.
  public var elapsedSeconds = 0.0
  /// Why the video was skipped, in a sentence; nil if it was not.
  public var skippedReason: String?
  /// A remark on a video that was read, such as where a damaged file ends.
  public var note: String?
  /// Whether an earlier run had finished the video.
  public var isResumed = false

  /// Makes the outcome of a video of which nothing is known yet.
  public init(name: String, path: String) {
    self.name = name
    self.path = path
  }
}
