/// What became of one video during extraction.
public struct VideoSummary: Sendable, Hashable, Codable {
  /// How the extraction of a video ended.
  public enum Outcome: String, Sendable, Hashable, Codable {
    /// Read to its end; its crops are in the store.
    case finished
    /// Left out for a reason; the store holds none of its crops.
    case skipped
  }

  /// One tar file of a video's crops.
  public struct Shard: Sendable, Hashable, Codable {
    /// File name inside the store.
    public var name: String
    /// Size of the file.
    public var bytes: Int
    /// Number of crops in it.
    public var crops: Int

    /// Makes a description of a shard.
    public init(name: String, bytes: Int, crops: Int) {
      self.name = name
      self.bytes = bytes
      self.crops = crops
    }
  }

  /// Name of the video, as the extraction calls it.
  public var name: String
  /// The caller's mark of the file's content (size and date, or a hash); empty if none was given.
  public var signature: String
  /// How it ended.
  public var outcome: Outcome
  /// Why it was skipped, or a remark on a finished video such as "truncated at 12.4 s"; may be empty.
  public var reason: String
  /// Frames looked at.
  public var frames: Int
  /// Crops stored.
  public var crops: Int
  /// Its shards, in order.
  public var shards: [Shard]
  /// Boxes before the box rules; nil where nobody counted.
  public var boxes: Int?
  /// Runs of frames without a cut; nil where nobody counted.
  public var clips: Int?

  /// Makes a summary.
  public init(
    name: String, signature: String = "", outcome: Outcome, reason: String = "", frames: Int = 0,
    crops: Int = 0, shards: [Shard] = [], boxes: Int? = nil, clips: Int? = nil
  ) {
    self.name = name
    self.signature = signature
    self.outcome = outcome
    self.reason = reason
    self.frames = frames
    self.crops = crops
    self.shards = shards
    self.boxes = boxes
    self.clips = clips
  }
}
