import Metrics

/// What `vision-pretrain --json` prints.
struct PretrainResult: Encodable {
  var run: String
  var videos: Int
  var skipped: Int
  var frames: Int
  var crops: Int
  var pairs: Int
  var steps: Int
  var images: Int
  var imagesPerSecond: Double
  var peakMemoryMiB: Double
  var simmimLoss: Double?
  var isrLoss: Double?
  var seconds: Double
  /// Seconds in which training waited for footage, after its first step.
  var waitedSeconds: Double
  var matchPrecision: Double?
  /// What looked wrong during training; empty when nothing did.
  var alarms: [String]
  var report: String
  /// Judgement of the pairs by what made them, where identities are known.
  var mining: [String: MiningScores]?
  /// The loss of masked patches beside that of the mean colour; nil where none were trained.
  var masked: MaskedLosses?
  /// What came out of every video, in the order in which they were found.
  var files: [FileCounts]

  private enum Keys: String, CodingKey {
    case run, videos, skipped, frames, crops, pairs, steps, images, imagesPerSecond, peakMemoryMiB
    case simmimLoss = "loss.simmim"
    case isrLoss = "loss.isr"
    case loss, seconds, waitedSeconds, matchPrecision, alarms, report, mining, masked, files
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Keys.self)
    try container.encode(run, forKey: .run)
    try container.encode(videos, forKey: .videos)
    try container.encode(skipped, forKey: .skipped)
    try container.encode(frames, forKey: .frames)
    try container.encode(crops, forKey: .crops)
    try container.encode(pairs, forKey: .pairs)
    try container.encode(steps, forKey: .steps)
    try container.encode(images, forKey: .images)
    try container.encode(imagesPerSecond, forKey: .imagesPerSecond)
    try container.encode(peakMemoryMiB, forKey: .peakMemoryMiB)
    // A loss that was not trained is null: the key is always there. Both spellings are given, for
    // readers of flat and of nested keys.
    try container.encode(simmimLoss, forKey: .simmimLoss)
    try container.encode(isrLoss, forKey: .isrLoss)
    try container.encode(["simmim": simmimLoss, "isr": isrLoss], forKey: .loss)
    try container.encode(seconds, forKey: .seconds)
    try container.encode(waitedSeconds, forKey: .waitedSeconds)
    try container.encode(matchPrecision, forKey: .matchPrecision)
    try container.encode(alarms, forKey: .alarms)
    try container.encode(report, forKey: .report)
    try container.encode(mining, forKey: .mining)
    try container.encode(masked, forKey: .masked)
    try container.encode(files, forKey: .files)
  }
}
