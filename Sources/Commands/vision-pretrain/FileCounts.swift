import Pretraining

/// What came out of one video.
struct FileCounts: Encodable {
  let name: String
  let frames: Int
  /// Boxes before the box rules; nil if nobody counted.
  let boxes: Int?
  let crops: Int
  /// Shot cuts; nil if nobody counted.
  let cuts: Int?
  /// Pairs matched in it over all steps of training; nil where none are mined.
  let pairs: Int?
  /// Why it was skipped, or a remark.
  let remark: String?

  init(_ outcome: VideoOutcome, pairs: Int?) {
    name = outcome.name
    frames = outcome.frames
    boxes = outcome.boxes
    crops = outcome.crops
    cuts = outcome.clips.map { $0 - 1 }
    self.pairs = outcome.skippedReason == nil ? pairs : nil
    remark = outcome.skippedReason ?? outcome.note
  }

  /// The counts in words, the pairs aside.
  var summary: String {
    var parts = [counted(frames, "frame")]
    if let boxes { parts.append("\(boxes) box\(boxes == 1 ? "" : "es")") }
    parts.append(counted(crops, "crop"))
    if let cuts { parts.append(counted(cuts, "cut")) }
    return parts.joined(separator: ", ")
  }
}
