import Spelling

/// A matched pair of crops as it is written to `pairs.csv` and shown in the report.
public struct InspectedPair: Sendable, Hashable {
  /// Name of the video.
  public var video: String
  /// Number of the clip in its video.
  public var clip: Int
  /// Presentation times in the video's time base.
  public var firstTimestamp, secondTimestamp: Int64
  /// Seconds between the frames.
  public var gap: Double
  /// Positions of the crops in the store.
  public var firstCrop, secondCrop: Int
  /// Keys of the crops in the shards.
  public var firstKey, secondKey: String
  /// Cosine of the two embeddings, −1…1.
  public var similarity: Double
  /// Probability of the partner among all crops of the batch, from the first and from the second crop.
  public var forward, backward: Double
  /// Place of the partner among the other frame's crops by similarity, from 1.
  public var rank: Int
  /// Whether both crops are each other's nearest.
  public var isMutual: Bool
  /// Whether both show one person, where a sidecar knows.
  public var isSamePerson: Bool?

  /// Mean of both probabilities, by which pairs are sorted.
  public var reliability: Double { (forward + backward) / 2 }

  /// The header of `pairs.csv`.
  public static let header =
    "video,clip,pts_a,pts_b,gap_seconds,crop_a,crop_b,similarity,p_ab,p_ba,rank,mutual,same_person"

  /// One line of `pairs.csv`.
  public var line: String {
    func rounded(_ value: Double) -> String { String((value * 1e6).rounded() / 1e6) }
    return [
      CommaSeparated.quoted(video), String(clip), String(firstTimestamp), String(secondTimestamp),
      rounded(gap),
      CommaSeparated.quoted(firstKey), CommaSeparated.quoted(secondKey), rounded(similarity),
      rounded(forward),
      rounded(backward), String(rank), isMutual ? "1" : "0",
      isSamePerson.map { $0 ? "1" : "0" } ?? "",
    ].joined(separator: ",")
  }
}
