import CommandSupport
import Datasets
import Evaluation
import Foundation
import Metrics
import Reports
import Tensors

extension EvaluateJob {
  /// What `--dry-run` tells: everything but the scores.
  ///
  /// Nothing is written.
  func check(_ evaluation: RetrievalEvaluation, warnings: [String]) throws -> any Encodable {
    let paths = evaluation.paths
    let progress = ProgressReporter("checking", total: paths.count, console: session.console)
    let damaged = try PictureCheck.undecodable(paths) { progress.advance(steps: $0, items: $0) }
    progress.finish()
    let skipped = evaluation.folder.skipped + damaged
    report(skipped: skipped)
    let unusable = Set(damaged.map(\.path))
    let sample = Array(paths.filter { !unusable.contains($0) }.prefix(FeatureExtractor.batchSize))
    if sample.isEmpty, let first = damaged.first {
      throw EvaluationError.nothingReadable(
        set: "data", count: paths.count, path: first.path, reason: first.reason)
    }
    var seconds = 0.0
    var models: [RetrievalResult.Model] = []
    for reference in flags.models {
      let extractor = try open(reference, fitting: FittingPictures(evaluation.folder))
      let matrix = try extractor.features(of: sample, flip: flags.flip)
      seconds += matrix.seconds * Double(paths.count) / Double(sample.count)
      models.append(RetrievalResult.Model(extractor))
      log.notice(
        "\(reference): \(extractor.origin); features of \(extractor.width) values, "
          + "\(extractor.parameterCount) parameters")
    }
    let memory = estimatedMemory(rows: paths.count, width: models.map(\.width).max() ?? 0)
    let usesCameras = evaluation.settings.rule.needsCameras
    let invalid = evaluation.folder.invalidQueries(usingCameras: usesCameras)
    log.notice(
      "protocol \(evaluation.settings.rule.rawValue): \(evaluation.folder.query.count) queries, "
        + "\(invalid) of them invalid; about \(Int(seconds.rounded(.up))) s and \(Int(memory)) MiB; "
        + "nothing was written")
    return EvaluationCheck(
      data: DataSummary(evaluation.folder), rule: evaluation.settings.rule, models: models,
      queries: evaluation.folder.query.count, invalidQueries: invalid,
      gallery: evaluation.folder.gallery.count, skipped: skipped.count, warnings: warnings,
      estimatedSeconds: seconds, estimatedMemoryMiB: memory)
  }

  /// MiB of what a dry run used so far and of the features of all pictures.
  func estimatedMemory(rows: Int, width: Int) -> Double {
    Double(Compute.peakResidentBytes + 4 * rows * width) / 1_048_576
  }
}
