public import Datasets
import Metrics
import Tensors

/// The scores of one model on one set of faces, with everything a reader needs to judge them.
///
/// Encoded, it is the object that `vision-evaluate --task face --json` prints.
public struct FaceResult: Sendable, Encodable {
  /// The score of a further set of pairs.
  public struct NamedSet: Sendable, Encodable {
    /// What the set is called.
    public var name: String
    /// Number of pairs.
    public var pairs: Int
    /// The scores.
    public var scores: FaceScores
  }

  /// Two pictures that the model holds for something else than they are.
  public struct Mistake: Sendable {
    /// The first picture.
    public var first: FacePicture
    /// The second picture.
    public var second: FacePicture
    /// Their cosine.
    public var cosine: Float
    /// Whether they show one person.
    public var isSame: Bool
  }

  /// The model.
  public var model: RetrievalResult.Model
  /// Adapters on it.
  public var adapters: [String] = []
  /// The data.
  public var test: FaceTest
  /// How it was scored.
  public var settings: FaceScoringSettings
  /// Pictures as they are, then with reduced probes.
  public var scores: [FaceScores]
  /// Every set of pairs, where there are several.
  public var sets: [NamedSet] = []
  /// Pairs of the first set.
  public var pairCount: Int
  /// How pictures were prepared, in words.
  public var preparation: String
  /// Pictures without five points, which were not aligned.
  public var unaligned: Int
  /// Pictures used.
  public var pictures: Int
  /// The worst pairs of the first set, wrongly accepted and wrongly rejected in turn.
  public var mistakes: [Mistake] = []
  /// Cosines of genuine and of impostor pairs, for a picture.
  public var cosines: (genuine: [Float], impostors: [Float]) = ([], [])
  /// Pictures left out.
  public var skipped: [SkippedFile]
  /// Seconds of the whole evaluation.
  public var seconds: Double

  private enum CodingKeys: String, CodingKey {
    case model, origin, feature, featureWidth, weights, parameters, adapters, data, layout
    case byResolution, sets, pairs, probes, gallery, `protocol`, flip, seed, skipped, unaligned
    case pictures, seconds, peakMemoryMiB, caption
  }

  /// Writes the scores of pictures as they are beside the facts.
  public func encode(to encoder: any Encoder) throws {
    try scores.first?.encode(to: encoder)
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(model.reference, forKey: .model)
    try container.encode(model.origin, forKey: .origin)
    try container.encodeIfPresent(model.feature, forKey: .feature)
    try container.encode(model.width, forKey: .featureWidth)
    try container.encodeIfPresent(model.weights, forKey: .weights)
    try container.encode(model.parameters, forKey: .parameters)
    if !adapters.isEmpty { try container.encode(adapters, forKey: .adapters) }
    try container.encode(test.path, forKey: .data)
    try container.encode(test.layout, forKey: .layout)
    try container.encode(scores, forKey: .byResolution)
    if sets.count > 1 { try container.encode(sets, forKey: .sets) }
    try container.encode(pairCount, forKey: .pairs)
    if let search = test.search {
      try container.encode(search.probes.count, forKey: .probes)
      try container.encode(search.gallery.count, forKey: .gallery)
    }
    try container.encode(protocolText, forKey: .protocol)
    try container.encode(settings.fusion, forKey: .flip)
    try container.encode(settings.seed, forKey: .seed)
    try container.encode(skipped.count, forKey: .skipped)
    try container.encode(unaligned, forKey: .unaligned)
    try container.encode(pictures, forKey: .pictures)
    try container.encode(seconds, forKey: .seconds)
    try container.encode(Double(Compute.peakResidentBytes) / 1_048_576, forKey: .peakMemoryMiB)
    try container.encode(caption, forKey: .caption)
  }

  /// How the numbers were made.
  public var caption: String { FaceTable.captionSentences([self]).joined(separator: " ") }

  /// The protocol, in sentences.
  public var protocolText: String {
    var parts: [String] = []
    if let pairs = test.pairs.first {
      let folds = pairs.foldSizes?.count ?? 10
      parts.append(
        "1:1: \(pairs.pairs.count) pairs (\(pairs.genuineCount) genuine) in \(folds) folds"
          + (pairs.foldSizes == nil ? "" : " without a person in two of them")
          + ", the threshold of each chosen on the others; TAR at the nearest FAR.")
    }
    if let templates = test.templates {
      parts.append(
        "1:1: \(templates.pairs.count) pairs of \(templates.templateCount) templates, "
          + (settings.pooling.map { "pooled by \($0.rawValue)." }
            ?? "media averaged, weighed by the detector's score."))
    }
    if let search = test.search {
      parts.append(
        "1:N: \(search.probes.count) probes in a gallery of \(search.gallery.count)"
          + (search.enrolments.isEmpty
            ? ", closed set."
            : ", closed set, and open set in \(search.enrolments.count) "
              + "enrolment\(search.enrolments.count == 1 ? "" : "s") "
              + "(\(search.enrolments.map { String($0.count) }.joined(separator: ", ")) persons); a "
              + "recognised probe has its mate "
              + (search.recognitionRank == 1
                ? "first." : "among the first \(search.recognitionRank)."))
          + (settings.pooling.map {
            " The gallery pictures of a person are pooled by \($0.rawValue)."
          } ?? ""))
    }
    if scores.count > 1 {
      parts.append(
        "Reduced probes (and second pictures of pairs): area mean to that many rows, JPEG quality 75."
      )
    }
    return parts.joined(separator: " ")
  }
}
