import Frames
import Persons

/// Where the boxes of one video come from.
protocol BoxProposer {
  /// What to call the source in a report.
  var sourceName: String { get }
  /// Whether the boxes pass the box rules; windows of whole frames do not have a person's shape.
  var usesRules: Bool { get }
  /// The boxes of the next sampled frame; nil if the rest of the video has no boxes.
  ///
  /// `tick` is called between frames that are read on the way, and may throw to stop.
  mutating func boxes(in frame: Frame, tick: (Int) throws -> Void) throws -> [PersonBox]?
  /// Why part or all of the video had no boxes, in a sentence.
  var refusal: String? { get }
}
