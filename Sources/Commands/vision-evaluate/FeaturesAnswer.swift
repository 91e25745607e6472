import Evaluation
import Tensors

/// The `--json` object of a call that only writes features.
struct FeaturesAnswer: Encodable {
  var model: RetrievalResult.Model
  /// Pictures in the file.
  var images: Int
  /// Pictures left out.
  var skipped: Int
  /// The file written; nil in a dry run.
  var features: String?
  /// Seconds that building the network and reading its file took.
  var loadSeconds: Double?
  var seconds: Double?
  var imagesPerSecond: Double?

  private enum CodingKeys: String, CodingKey {
    case model, origin, weights, featureWidth, images, skipped, features, loadSeconds, seconds
    case imagesPerSecond, peakMemoryMiB
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(model.reference, forKey: .model)
    try container.encode(model.origin, forKey: .origin)
    try container.encodeIfPresent(model.weights, forKey: .weights)
    try container.encode(model.width, forKey: .featureWidth)
    try container.encode(images, forKey: .images)
    try container.encode(skipped, forKey: .skipped)
    try container.encodeIfPresent(features, forKey: .features)
    try container.encodeIfPresent(loadSeconds, forKey: .loadSeconds)
    try container.encodeIfPresent(seconds, forKey: .seconds)
    try container.encodeIfPresent(imagesPerSecond, forKey: .imagesPerSecond)
    try container.encode(Double(Compute.peakResidentBytes) / 1_048_576, forKey: .peakMemoryMiB)
  }
}
