import CommandSupport
import Datasets
import Evaluation
import Foundation
import Metrics
import Reports

extension EvaluateJob {
  /// Scores every model on faces, one after the other.
  func scoreFaces() throws -> any Encodable {
    let test = try faceTest()
    let settings = FaceScoringSettings(
      fusion: flags.faceProtocol.fusion, resolutions: flags.rows, seed: seed)
    let evaluation = FaceEvaluation(test, settings: settings)
    log.notice(summary(of: test))
    if flags.common.dryRun {
      for model in flags.models { _ = try open(model) }
      log.notice(
        "\(evaluation.pictureCount) pictures to describe for each model; nothing was written")
      return FaceCheck(
        data: test.path, layout: test.layout, pairs: test.pairs.map(\.pairs.count),
        probes: test.search?.probes.count ?? 0, gallery: test.search?.gallery.count ?? 0,
        templates: test.templates?.templateCount ?? 0, pictures: evaluation.pictureCount,
        skipped: test.skipped.count)
    }
    let outputs = try preparedOutputs()
    // All models are opened before the first is scored: a misspelt last one must not cost the rest.
    if flags.models.count > 1 { for model in flags.models { _ = try open(model) } }
    var results: [FaceResult] = []
    for reference in flags.models {
      let extractor = try open(reference)
      let progress = ProgressReporter(
        reference, total: evaluation.pictureCount, console: session.console)
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
    if let outputs {
      try FaceReport(results, command: session.quotedCommandLine).write(to: outputs)
      if results.count == 1 {
        try outputs.write(results: results[0])
      } else {
        try outputs.write(results: FaceComparison(models: results))
      }
      log.notice("report: \(outputs.url.appendingPathComponent("report.html").path)")
    }
    return results.count == 1 ? results[0] : FaceComparison(models: results)
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
