import Datasets
import Metrics

extension RetrievalResult {
  /// How the numbers were made: protocol, data, feature, distance, model, seed.
  public var caption: String {
    [protocolText, dataText, featureText, modelText].joined(separator: " ")
  }

  /// The protocol, in a sentence.
  public var protocolText: String {
    let rule =
      switch settings.rule {
      case .crossCamera:
        "cross-camera (gallery images of the query's person from the query's camera are removed)"
      case .cameraCentred:
        "camera-centred (each camera's mean over query and gallery is taken off its features, "
          + "without person labels but with all test images at once; gallery images of the query's "
          + "person from the query's camera are removed; not comparable with cross-camera numbers)"
      case .withoutCameras:
        "no-camera (only the query image itself is removed; not comparable with benchmark numbers)"
      }
    let form =
      scores.averagePrecisionForm == .standard ? "without interpolation" : "by trapezoids"
    return "Protocol \(rule), single query, average precision \(form), mean over "
      + "\(scores.queries - scores.invalidQueries) of \(scores.queries) queries "
      + "(\(scores.invalidQueries) invalid)."
  }

  /// The data, in a sentence.
  public var dataText: String {
    func part(_ name: String, _ images: [LabelledImage]) -> String {
      let persons = Set(images.map(\.person)).count
      let cameras = Set(images.compactMap(\.camera)).count
      return "\(name) \(images.count) images of \(persons) persons, "
        + (cameras == 0 ? "cameras unknown" : "\(cameras) cameras")
    }
    let distractors = gallery.count { $0.person == 0 }
    return "Data \(data.path) (\(data.layout)): \(part("query", query)); "
      + "\(part("gallery", gallery))"
      + (distractors > 0 ? ", \(distractors) of them distractors" : "")
      + "; \(data.junk) junk images removed, \(skipped.count) unreadable files left out."
  }

  /// The features and the distance, in a sentence.
  public var featureText: String {
    let position =
      switch model.feature {
      case .backbone: "backbone, pooled"
      case .embedding: "pretraining embedding"
      case .task: "as the task's head compares them"
      case nil: "baseline"
      }
    let size = model.inputSize.map { ", pictures squashed to \($0[0])×\($0[1])" } ?? ""
    let values =
      model.width == model.fullWidth
      ? "\(model.width) values" : "the first \(model.width) of \(model.fullWidth) values"
    let reranking = settings.reranking.map {
      "k-reciprocal re-ranking k1 \($0.k1), k2 \($0.k2), λ \($0.lambda)"
    }
    return
      "Feature: \(position), \(values)\(size); flip \(settings.flip ? "on" : "off")"
      + (settings.expansion.map {
        "; query expansion by \($0.neighbours) neighbours, α \($0.alpha), on both sides"
      } ?? "")
      + "; cosine distance; \(reranking ?? "re-ranking off")."
  }

  /// The model and the seed, in a sentence.
  public var modelText: String {
    let weights = model.weights.map { ", weights \($0)" } ?? ""
    return "Model \(model.reference) (\(model.origin)\(weights)); seed \(settings.seed)."
  }
}
