import CommandSupport
import Datasets
import Evaluation
import Foundation
import Metrics
import Reports
import Tasks

extension EvaluateJob {
  /// Scores every model on faces, one after the other.
  func scoreFaces() throws -> any Encodable {
    let test = try faceTest()
    let settings = FaceScoringSettings(
      fusion: flags.faceProtocol.fusion, resolutions: flags.rows, pooling: flags.facePooling,
      seed: seed)
    let evaluation = FaceEvaluation(test, settings: settings)
    log.notice(summary(of: test))
    let warning = try sharedPersons()
    if let warning { log.warning(warning) }
    if flags.common.dryRun {
      return try check(evaluation, warnings: [warning].compactMap(\.self))
    }
    let outputs = try preparedOutputs()
    // All models are opened before the first is scored: a misspelt last one must not cost the rest.
    let fitting = try fitting(for: test)
    var opened = try flags.models.map { try open($0, fitting: fitting) }
    var results: [FaceResult] = []
    while !opened.isEmpty {
      let extractor = opened.removeFirst()
      let progress = ProgressReporter(
        extractor.reference, total: evaluation.pictureCount, console: session.console)
      var result = try evaluation.result(of: extractor) { progress.advance(steps: $0, items: $0) }
      progress.finish()
      result.adapters = flags.adapter
      if results.isEmpty { report(skipped: result.skipped) }
      results.append(result)
    }
    var table = FaceTable.table(results)
    table.caption = nil
    session.console.print(table.plain())
    if let sets = FaceTable.sets(results[0]) { session.console.print(sets.plain()) }
    for sentence in FaceTable.captionSentences(results) { log.notice(sentence) }
    let comparisons = results.dropFirst().flatMap { $0.comparisons(with: results[0]) }
    show(comparisons)
    let answer: any Encodable =
      results.count == 1
      ? results[0] : FaceComparison(models: results, comparisons: comparisons)
    if let outputs {
      try FaceReport(results, command: session.quotedCommandLine).write(to: outputs)
      try outputs.write(comparisons: comparisons)
      try outputs.write(results: answer)
      log.notice("report: \(outputs.url.appendingPathComponent("report.html").path)")
    }
    return answer
  }

  /// What persons of training and test in one tell; nil without any.
  private func sharedPersons() throws(DatasetError) -> String? {
    guard let data = flags.data, flags.query == nil else { return nil }
    return FaceFolder.warning(ofShared: try FaceFolder.sharedPersons(data))
  }

  /// What a dry run tells: everything but the scores; nothing is written.
  private func check(_ evaluation: FaceEvaluation, warnings: [String]) throws -> any Encodable {
    let (test, pictures) = (evaluation.test, evaluation.pictures)
    let progress = ProgressReporter(
      "checking", total: pictures.count, console: session.console)
    let damaged = PictureCheck.undecodable(pictures) { progress.advance(steps: 1, items: 1) }
    progress.finish()
    let skipped = test.skipped + damaged
    report(skipped: skipped)
    let unusable = Set(damaged.map(\.path))
    let sample = Array(
      pictures.filter { !unusable.contains($0.path) }.prefix(FeatureExtractor.batchSize))
    if sample.isEmpty, let first = damaged.first {
      throw EvaluationError.nothingReadable(
        set: "data", count: pictures.count, path: first.path, reason: first.reason)
    }
    var seconds = 0.0
    var width = 0
    for model in flags.models {
      let extractor = try open(model, fitting: try fitting(for: test))
      seconds += try evaluation.estimatedSeconds(of: extractor, by: sample)
      width = max(width, extractor.width)
    }
    let memory = estimatedMemory(rows: evaluation.pictureCount, width: width)
    log.notice(
      "\(evaluation.pictureCount) pictures to describe for each model; about "
        + "\(Int(seconds.rounded(.up))) s and \(Int(memory)) MiB; nothing was written")
    return FaceCheck(
      data: test.path, layout: test.layout, pairs: test.pairs.map(\.pairs.count),
      probes: test.search?.probes.count ?? 0, gallery: test.search?.gallery.count ?? 0,
      templates: test.templates?.templateCount ?? 0, pictures: evaluation.pictureCount,
      skipped: skipped.count, warnings: warnings, estimatedSeconds: seconds,
      estimatedMemoryMiB: memory)
  }

  /// The training persons beside a test, for baselines that are fitted; nil where none of them is asked for.
  private func fitting(for test: FaceTest) throws(DatasetError) -> FittingPictures? {
    let isAsked = flags.models.contains {
      $0.hasPrefix("baseline:") && $0.hasSuffix(DiscriminantFeature.suffix)
    }
    guard isAsked, let data = flags.data else { return nil }
    let folder = try FaceFolder(path: data)
    return FittingPictures(
      folder.pictures, path: folder.path, preparation: FacePreparation(size: 112), test: test)
  }

  private func faceTest() throws(DatasetError) -> FaceTest {
    if let query = flags.query, let gallery = flags.gallery {
      return try FaceTest(query: query, gallery: gallery)
    }
    return try FaceTest(path: flags.data ?? "", seed: UInt64(seed))
  }

  private func summary(of test: FaceTest) -> String {
    var parts: [String] = []
    for pairs in test.pairs {
      parts.append("\(pairs.name): \(pairs.pairs.count) pairs, \(pairs.genuineCount) genuine")
    }
    if let templates = test.templates {
      parts.append(
        "\(templates.templateCount) templates of \(templates.pictures.count) pictures, "
          + "\(templates.pairs.count) pairs")
    }
    if let search = test.search {
      parts.append("\(search.probes.count) probes, \(search.gallery.count) gallery pictures")
    }
    return "\(test.path) (\(test.layout)): " + parts.joined(separator: "; ")
  }
}
