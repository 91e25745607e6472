import Backbones
public import Datasets
public import Metrics
import Tensors

/// The scores of one model on one data set, with everything a reader needs to judge them.
///
/// Encoded, it is the object that `vision-evaluate --json` prints.
public struct RetrievalResult: Sendable, Encodable {
  /// What is known about the model.
  public struct Model: Sendable, Encodable {
    /// What was asked for.
    public var reference: String
    /// Where the weights come from, in words.
    public var origin: String
    /// The output used; nil for baselines.
    public var feature: FeaturePosition?
    /// Length of a feature vector.
    public var width: Int
    /// Length of the model's vector, of which the first ``width`` numbers are compared.
    public var fullWidth: Int
    /// Rows and columns of the network's input; nil for baselines.
    public var inputSize: [Int]?
    /// Parameters used; 0 for baselines.
    public var parameters: Int
    /// Tells weights apart; nil for baselines.
    public var weights: String?

    /// What is known about an opened model.
    public init(_ extractor: FeatureExtractor) {
      reference = extractor.reference
      origin = extractor.origin
      feature = extractor.position
      width = extractor.width
      fullWidth = extractor.fullWidth
      inputSize = extractor.extent.map { [$0.height, $0.width] }
      parameters = extractor.parameterCount
      weights = extractor.fingerprint
    }
  }

  /// The model.
  public var model: Model
  /// The data.
  public var data: DataSummary
  /// How it was scored.
  public var settings: RetrievalSettings
  /// The scores.
  public var scores: RetrievalScores
  /// Query pictures in the order of `scores.perQuery`.
  public var query: [LabelledImage]
  /// Gallery pictures in the order of the ranked lists' numbers.
  public var gallery: [LabelledImage]
  /// What persons are called, where data give names.
  public var personNames: [Int: String]
  /// Features of query and gallery, in this order.
  public var features: FeatureMatrix
  /// Pictures left out: found unusable while listing or decoding.
  public var skipped: [SkippedFile]
  /// Seconds of the whole evaluation.
  public var seconds: Double

  private enum CodingKeys: String, CodingKey {
    case model, origin, feature, featureWidth, inputSize, parameters, weights
    case data, distance, flip, reranking, expansion, seed, skipped, seconds, imagesPerSecond,
      peakMemoryMiB
    case caption
  }

  /// Writes the scores' own keys beside those of the model, the data and the settings.
  public func encode(to encoder: any Encoder) throws {
    try scores.encode(to: encoder)
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(model.reference, forKey: .model)
    try container.encode(model.origin, forKey: .origin)
    try container.encodeIfPresent(model.feature, forKey: .feature)
    try container.encode(model.width, forKey: .featureWidth)
    try container.encodeIfPresent(model.inputSize, forKey: .inputSize)
    try container.encode(model.parameters, forKey: .parameters)
    try container.encodeIfPresent(model.weights, forKey: .weights)
    try container.encode(data, forKey: .data)
    try container.encode("cosine", forKey: .distance)
    try container.encode(settings.flip, forKey: .flip)
    try container.encodeIfPresent(settings.reranking, forKey: .reranking)
    try container.encodeIfPresent(settings.expansion, forKey: .expansion)
    try container.encode(settings.seed, forKey: .seed)
    try container.encode(skipped.count, forKey: .skipped)
    try container.encode(seconds, forKey: .seconds)
    try container.encode(features.imagesPerSecond, forKey: .imagesPerSecond)
    try container.encode(Double(Compute.peakResidentBytes) / 1_048_576, forKey: .peakMemoryMiB)
    try container.encode(caption, forKey: .caption)
  }
}
