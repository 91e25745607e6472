import Datasets
import Evaluation
import Metrics
import Reports
import Tasks

/// Simple descriptions of the held-out persons beside the trained model's.
struct ReIDYardsticks {
  /// Scored by the same protocol as the model.
  let results: [RetrievalResult]
  /// The model and colours with the mean of each camera removed; empty without cameras.
  let centred: [RetrievalResult]

  /// Scores histogram, histogram with discriminants fitted on the persons that were learned, and pixels.
  init(_ evaluation: RetrievalEvaluation, data: ReIDData, model path: String) throws {
    let fitting = FittingPictures(data.train, path: evaluation.folder.path)
    func open(_ name: String) throws -> FeatureExtractor {
      try FeatureExtractor("baseline:" + name, seed: evaluation.settings.seed, fitting: fitting)
    }
    let histogram = try open("histogram")
    let discriminants = try open("histogram-lda")
    results = try [histogram, discriminants, open("pixels")].map {
      try evaluation.result(of: $0)
    }
    guard evaluation.settings.rule == .crossCamera else {
      centred = []
      return
    }
    var settings = evaluation.settings
    settings.rule = .cameraCentred
    let other = try RetrievalEvaluation(evaluation.folder, settings: settings)
    centred = try [FeatureExtractor(path), histogram, discriminants].map {
      try other.result(of: $0)
    }
  }

  /// The scores beside the model's.
  func scores(beside model: RetrievalResult) -> [Yardstick] {
    var all = results.map {
      Yardstick(
        name: $0.model.reference, metric: "mAP", value: $0.scores.mAP, model: model.scores.mAP)
    }
    if let own = centred.first {
      all += centred.dropFirst().map {
        Yardstick(
          name: $0.model.reference, metric: "mAP, camera-centred", value: $0.scores.mAP,
          model: own.scores.mAP)
      }
    }
    return all
  }

  /// Tables of the model beside its yardsticks, for the report.
  func blocks(beside model: RetrievalResult) -> [HTMLReport.Block] {
    var blocks: [HTMLReport.Block] = [.table(RetrievalTable.table([model] + results))]
    blocks += HTMLReport.Block.comparisons(
      results.flatMap { model.comparisons(with: $0) }.filter { $0.metric == "mAP" })
    if !centred.isEmpty { blocks.append(.table(RetrievalTable.table(centred))) }
    return blocks
  }
}
