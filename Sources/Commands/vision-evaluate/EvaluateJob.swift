import CommandSupport
import Datasets
import Evaluation
import Foundation
import Metrics
import Recipes
import Reports
import Tasks
import Tensors

/// One call of `vision-evaluate` at work.
struct EvaluateJob {
  let flags: Evaluate
  let session: CommandSession
  let log: RunLog
  let seed: Int

  /// Reads the settings and starts the threads.
  init(_ flags: Evaluate, session: CommandSession) throws {
    self.session = session
    log = try RunLog(file: nil, console: session.console)
    let recipe = try flags.common.resolvedRecipe(EvaluationRecipe.self)
    self.flags = try flags.filled(from: recipe)
    for sentence in flags.common.ignored(by: recipe, of: "an evaluation") { log.warning(sentence) }
    seed = recipe.seed
    let threads = recipe.threads > 0 ? recipe.threads : ProcessInfo.processInfo.activeProcessorCount
    Compute.configure(threads: threads)
  }

  // MARK: Scores

  /// Scores every model, one after the other.
  func score() throws -> any Encodable {
    let folder = try personFolder()
    log.notice(folder.summary)
    let settings = try settings(for: folder)
    let warnings = folder.warnings(ignoringCameras: !settings.rule.needsCameras)
    for warning in warnings { log.warning(warning) }
    let evaluation = try RetrievalEvaluation(folder, settings: settings)
    if flags.common.dryRun { return try check(evaluation, warnings: warnings) }
    let outputs = try preparedOutputs()
    // All models are opened before the first is scored: a misspelt last one must not cost the rest.
    var opened = try flags.models.map { try open($0, fitting: FittingPictures(folder)) }
    var results: [RetrievalResult] = []
    while !opened.isEmpty {
      let result = try score(opened.removeFirst(), evaluation)
      if results.isEmpty { report(skipped: result.skipped) }
      results.append(result)
    }
    if let file = flags.features { try write(results[0], to: URL(fileURLWithPath: file)) }
    show(results)
    let comparisons = results.dropFirst().flatMap { $0.comparisons(with: results[0]) }
    show(comparisons)
    let answer: any Encodable =
      results.count == 1
      ? results[0] : RetrievalComparison(models: results, comparisons: comparisons)
    if let outputs {
      let report = RetrievalReport(
        results, warnings: warnings, command: session.quotedCommandLine)
      try report.write(to: outputs)
      try outputs.write(comparisons: comparisons)
      try outputs.write(results: answer)
      let page = outputs.url.appendingPathComponent("report.html").path
      log.notice("report: \(page)")
    }
    return answer
  }

  private func score(
    _ extractor: FeatureExtractor, _ evaluation: RetrievalEvaluation
  ) throws -> RetrievalResult {
    let progress = ProgressReporter(
      extractor.reference, total: evaluation.paths.count, console: session.console)
    let result = try evaluation.result(of: extractor) { progress.advance(steps: $0, items: $0) }
    progress.finish()
    return result
  }

  /// Prints the table, and below it how the numbers were made, a sentence a line.
  private func show(_ results: [RetrievalResult]) {
    var table = RetrievalTable.table(results)
    table.caption = nil
    session.console.print(table.plain())
    for sentence in RetrievalTable.captionSentences(results) { log.notice(sentence) }
  }

  /// Prints how models compare with the first: a table, and a sentence for each score.
  func show(_ comparisons: [ModelComparison]) {
    guard var table = ComparisonTable.table(comparisons) else { return }
    table.caption = nil
    session.console.print(table.plain())
    for comparison in comparisons { log.notice(comparison.sentence) }
    log.notice(ComparisonTable.caption(comparisons[0]))
  }

  private func write(_ result: RetrievalResult, to file: URL) throws {
    try FeaturesFile.write(
      result.features, paths: (result.query + result.gallery).map(\.path),
      texts: [
        "model": result.model.reference, "origin": result.model.origin,
        "queries": "\(result.query.count)", "gallery": "\(result.gallery.count)",
      ], to: file)
    log.notice("features: \(file.path)")
  }

  // MARK: Features alone

  /// Writes the features of pictures without labels.
  func writeFeatures() throws -> any Encodable {
    var paths: [String] = []
    var skipped: [SkippedFile] = []
    let folders =
      flags.query == nil && flags.gallery == nil
      ? [flags.data] : [flags.query ?? flags.data, flags.gallery ?? flags.data]
    for folder in folders.compactMap(\.self) {
      let images = try ImageFolder(root: URL(fileURLWithPath: folder))
      log.notice("\(folder): \(images.paths.count) images")
      paths += images.paths
      skipped += images.skipped
    }
    let file = flags.features.map { URL(fileURLWithPath: $0) }
    if !flags.common.dryRun, let file { try EvaluationFolder.requireWritable(file) }
    let start = ContinuousClock.now
    let extractor = try open(flags.models[0])
    let loadSeconds = (ContinuousClock.now - start) / .seconds(1)
    let progress = ProgressReporter(
      flags.models[0], total: paths.count, console: session.console)
    if flags.common.dryRun {
      skipped += try PictureCheck.undecodable(paths) { progress.advance(steps: $0, items: $0) }
      progress.finish()
      report(skipped: skipped)
      return FeaturesAnswer(
        model: RetrievalResult.Model(extractor), images: paths.count, skipped: skipped.count)
    }
    let matrix = try extractor.features(of: paths, flip: flags.flip) {
      progress.advance(steps: $0, items: $0)
    }
    progress.finish()
    skipped += matrix.skipped
    report(skipped: skipped)
    var answer = FeaturesAnswer(
      model: RetrievalResult.Model(extractor), images: matrix.count, skipped: skipped.count)
    if let file {
      try FeaturesFile.write(
        matrix, paths: matrix.kept.map { paths[$0] },
        texts: ["model": extractor.reference, "origin": extractor.origin], to: file)
      log.notice("\(matrix.count) features of \(matrix.width) values: \(file.path)")
      answer.features = file.path
    }
    answer.loadSeconds = loadSeconds
    answer.seconds = matrix.seconds
    answer.imagesPerSecond = matrix.imagesPerSecond
    return answer
  }

  // MARK: Parts

  /// Opens a model.
  func open(
    _ reference: String, fitting: FittingPictures? = nil
  ) throws -> FeatureExtractor {
    let extractor = try FeatureExtractor(
      reference, position: flags.feature.flatMap(\.position),
      adapters: reference.hasPrefix("baseline:") ? [] : flags.adapterFolders, seed: seed,
      length: reference.hasPrefix("baseline:") ? nil : flags.length, fitting: fitting,
      qualityBuckets: flags.qualityBuckets ?? 0)
    if flags.length != nil, extractor.width < extractor.fullWidth,
      !extractor.trainedLengths.contains(extractor.width)
    {
      log.warning(
        "\(reference) was not trained to be cut to \(extractor.width) numbers"
          + (extractor.trainedLengths.isEmpty
            ? " (head.kind=nested is)."
            : "; it was for \(extractor.trainedLengths.map(String.init).joined(separator: ", "))."))
    }
    if let opened = extractor.loadNotice { log.tell(opened) }
    for note in extractor.adapterNotes { log.warning(note) }
    for mistake in extractor.preparationMistakes { log.warning("\(reference): \(mistake)") }
    log.detail(
      "\(reference): \(extractor.origin), \(extractor.parameterCount) parameters, "
        + "features of \(extractor.width) values")
    return extractor
  }

  /// Says which pictures were left out: all of them with `--verbose`, else the first twenty.
  func report(skipped: [SkippedFile]) {
    guard !skipped.isEmpty else { return }
    let shown = flags.common.verbose ? skipped.count : 20
    var lines = ["\(skipped.count) \(skipped.count == 1 ? "picture is" : "pictures are") left out"]
    lines += skipped.prefix(shown).map { "  \($0.path): \($0.reason)" }
    if skipped.count > shown {
      let place = flags.output == nil ? "--verbose lists them" : "skipped.txt lists them"
      lines.append("  and \(skipped.count - shown) more; \(place)")
    }
    log.warning(lines.joined(separator: "\n"))
  }

  private func personFolder() throws(DatasetError) -> PersonFolder {
    let query = flags.query.map { URL(fileURLWithPath: $0) }
    let gallery = flags.gallery.map { URL(fileURLWithPath: $0) }
    if let data = flags.data {
      return try PersonFolder(
        root: URL(fileURLWithPath: data), query: query, gallery: gallery, seed: UInt64(seed))
    }
    guard let query, let gallery else { throw .missing(path: flags.query ?? flags.gallery ?? "") }
    return try PersonFolder(query: query, gallery: gallery)
  }

  /// The protocol asked for, or the one the data allow.
  private func settings(for folder: PersonFolder) throws -> RetrievalSettings {
    let rule = flags.retrievalProtocol ?? (folder.hasCameras ? .crossCamera : .withoutCameras)
    if flags.retrievalProtocol == nil, rule == .withoutCameras {
      log.warning(
        "cameras are not known, so the protocol is no-camera: only the query image itself is "
          + "removed, and the numbers cannot be compared with published ones")
    }
    return RetrievalSettings(
      rule: rule, flip: flags.flip, reranking: flags.reranking,
      expansion: flags.expansion, seed: seed)
  }

  /// Finds out that results cannot be written before they are computed.
  func preparedOutputs() throws -> EvaluationFolder? {
    if let file = flags.features {
      try EvaluationFolder.requireWritable(URL(fileURLWithPath: file))
    }
    guard let output = flags.output else { return nil }
    return try EvaluationFolder(URL(fileURLWithPath: output), commandText: commandText)
  }

  private var commandText: String {
    let process = ProcessInfo.processInfo
    return """
      \(session.quotedCommandLine)
      date: \(Date().formatted(.iso8601))
      folder: \(FileManager.default.currentDirectoryPath)
      seed: \(seed)
      threads: \(Compute.threads)
      host: \(process.operatingSystemVersionString), \(process.processorCount) cores, \
      \(process.physicalMemory >> 20) MiB

      """
  }
}
