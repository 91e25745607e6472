/// What `vision-finetune --json` prints.
struct FinetuneResult: Encodable {
  var run: String
  var task: String
  var adapter: String
  var trainableParameters: Int
  var totalParameters: Int
  var steps: Int
  var imagesPerSecond: Double
  var peakMemoryMiB: Double
  /// What `vision-evaluate` would print for the best weights on what was held out; null without.
  var best: (any Encodable)?
  /// Simple methods on the same held-out data.
  var yardsticks: [Yardstick]
  var bestStep: Int
  /// New strong directions that the adapter put into the weights; null without an adapter.
  var intruderDimensions: Int?
  /// How far the adapter moved features of old pictures; absent where none were given.
  var oldPictures: AdapterChecks.OldPictures?
  var seconds: Double
  var report: String

  private enum Keys: String, CodingKey {
    case run, task, adapter, trainableParameters, totalParameters, steps, imagesPerSecond
    case peakMemoryMiB, best, yardsticks, bestStep, intruderDimensions, oldPictures, seconds, report
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Keys.self)
    try container.encode(run, forKey: .run)
    try container.encode(task, forKey: .task)
    try container.encode(adapter, forKey: .adapter)
    try container.encode(trainableParameters, forKey: .trainableParameters)
    try container.encode(totalParameters, forKey: .totalParameters)
    try container.encode(steps, forKey: .steps)
    try container.encode(imagesPerSecond, forKey: .imagesPerSecond)
    try container.encode(peakMemoryMiB, forKey: .peakMemoryMiB)
    if let best {
      try best.encode(to: container.superEncoder(forKey: .best))
    } else {
      try container.encodeNil(forKey: .best)
    }
    try container.encode(yardsticks, forKey: .yardsticks)
    try container.encode(bestStep, forKey: .bestStep)
    try container.encode(intruderDimensions, forKey: .intruderDimensions)
    try container.encodeIfPresent(oldPictures, forKey: .oldPictures)
    try container.encode(seconds, forKey: .seconds)
    try container.encode(report, forKey: .report)
  }
}
