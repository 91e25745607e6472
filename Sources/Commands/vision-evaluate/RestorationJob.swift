import CommandSupport
import Datasets
import Evaluation
import Foundation
import Reports
import Tasks
import Tensors

/// Several models on the same spoiled pictures.
struct RestorationComparison: Encodable {
  let models: [RestorationResult]
  /// The second and every further method against the first.
  let comparisons: [ModelComparison]
}

/// The `--json` object of a dry run on pictures to restore.
struct RestorationCheck: Encodable {
  let dryRun = true
  let data: String
  let degradation: String
  let pictures: Int
  /// Files that cannot be used.
  let skipped: Int
  let estimatedSeconds: Double
  let estimatedMemoryMiB: Double
}

extension EvaluateJob {
  /// Scores every model at restoring pictures.
  func scoreRestoration() throws -> any Encodable {
    let root = URL(fileURLWithPath: flags.data ?? "")
    let word: String
    if let given = flags.degradation {
      word = given
    } else {
      // What a model was trained against says more than the folder; baselines have nothing to say.
      word =
        try flags.models.lazy.compactMap { reference in
          reference.hasPrefix("baseline:")
            ? nil
            : try RestorationModel.load(reference, seed: seed, adapters: flags.adapterFolders)
              .shape?.degradation
        }.first ?? "paired"
    }
    _ = try RestorationPictures.choice(word)
    let evaluation = try RestorationEvaluation(root: root, degradation: word, seed: seed)
    log.notice("\(root.path): \(evaluation.items.count) pictures, degradation \(word)")
    let methods = try flags.models.map { ($0, try method($0, against: word)) }
    if flags.common.dryRun { return try check(evaluation, methods) }
    let outputs = try flags.output.map {
      try EvaluationFolder(URL(fileURLWithPath: $0), commandText: session.quotedCommandLine + "\n")
    }
    var results: [RestorationResult] = []
    for (reference, method) in methods {
      let progress = ProgressReporter(
        reference, total: evaluation.items.count, console: session.console)
      results.append(
        try evaluation.result(
          of: method, reference: reference, tiling: tiling(method),
          border: flags.border, progress: { progress.advance(steps: $0, items: $0) }))
      progress.finish()
    }
    report(skipped: results[0].skipped)
    var table = RestorationTable.table(results)
    table.caption = nil
    session.console.print(table.plain())
    for result in results { log.notice(result.caption) }
    let comparisons = results.dropFirst().flatMap { $0.comparisons(with: results[0]) }
    show(comparisons)
    let answer: any Encodable =
      results.count == 1
      ? results[0] : RestorationComparison(models: results, comparisons: comparisons)
    if let outputs {
      try write(results, to: outputs)
      try outputs.write(comparisons: comparisons)
      try outputs.write(results: answer)
    }
    return answer
  }

  /// What a dry run tells: everything but the scores; nothing is written.
  private func check(
    _ evaluation: RestorationEvaluation, _ methods: [(String, RestorationMethod)]
  ) throws -> RestorationCheck {
    let items = evaluation.items
    let progress = ProgressReporter("checking", total: items.count, console: session.console)
    let found = PictureCheck.unusable(items) { progress.advance(steps: 1, items: 1) }
    progress.finish()
    let skipped = evaluation.skipped + found.skipped
    report(skipped: skipped)
    let damaged = Set(found.skipped.map(\.path))
    let usable = items.filter {
      !damaged.contains($0.clean) && !damaged.contains($0.degraded ?? "")
    }
    guard let first = usable.first else {
      throw EvaluationError.nothingReadable(
        set: "data", count: items.count, path: found.skipped.first?.path ?? evaluation.path,
        reason: found.skipped.first?.reason ?? "there are none")
    }
    var seconds = 0.0
    for (reference, method) in methods {
      let result = try RestorationEvaluation(
        items: [first], path: evaluation.path, degradation: evaluation.degradation, seed: seed
      ).result(of: method, reference: reference, tiling: tiling(method), border: flags.border)
      seconds += result.seconds * Double(found.pixels) / Double(max(result.pixels, 1))
    }
    let memory = Double(Compute.peakResidentBytes) / 1_048_576
    log.notice(
      "\(usable.count) pictures; about \(Int(seconds.rounded(.up))) s and \(Int(memory)) MiB by one "
        + "picture tried now; nothing was written")
    return RestorationCheck(
      data: evaluation.path, degradation: evaluation.degradation, pictures: usable.count,
      skipped: skipped.count, estimatedSeconds: seconds, estimatedMemoryMiB: memory)
  }

  private func method(
    _ reference: String, against degradation: String
  ) throws -> RestorationMethod {
    guard reference.hasPrefix("baseline:") else {
      let model = try RestorationModel.load(
        reference, seed: seed, adapters: flags.adapterFolders)
      log.tell(model.notice)
      for note in model.adapterNotes { log.warning(note) }
      return .network(model)
    }
    let name = String(reference.dropFirst("baseline:".count))
    guard let method = RestorationMethod(baseline: name, against: degradation) else {
      throw EvaluationError.unknownBaseline(name: name, known: RestorationMethod.baselines)
    }
    return method
  }

  /// How pictures are cut: as the flags say, else as the model was made for.
  private func tiling(_ method: RestorationMethod) -> TiledRestoration? {
    guard flags.flip || flags.tile != nil, case .network(let model) = method else { return nil }
    let overlap = model.shape?.overlap ?? 32
    let side = flags.tile ?? model.shape?.tile ?? 0
    return TiledRestoration(
      side: side, overlap: side > 0 ? min(overlap, side / 2) : 0, averagesTurns: flags.flip)
  }

  private func write(_ results: [RestorationResult], to folder: EvaluationFolder) throws {
    try folder.write(RestorationTable.table(results).markdown() + "\n", as: "table.md")
    try folder.write(skipped: results[0].skipped)
    var sections = [
      HTMLReport.Section(
        "Scores",
        blocks: [.table(RestorationTable.table(results))]
          + HTMLReport.Block.comparisons(
            results.dropFirst().flatMap { $0.comparisons(with: results[0]) }))
    ]
    for (index, result) in results.enumerated() {
      let sheet = try result.strips()
      try folder.write(sheet, as: "restored-\(index + 1).png")
      sections.append(
        .init(
          result.reference,
          blocks: [.figure(.init(try .sheet(sheet), caption: "Spoiled, restored, clean."))]))
    }
    let report = HTMLReport(
      title: "Image restoration", subtitle: flags.data ?? "", protocolText: results[0].caption,
      sections: sections, command: session.quotedCommandLine,
      skipped: results[0].skipped.map { .init(path: $0.path, reason: $0.reason) })
    try report.write(to: folder.url.appendingPathComponent("report.html"))
  }
}
