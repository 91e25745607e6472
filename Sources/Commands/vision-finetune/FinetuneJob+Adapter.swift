import Adapters
import CommandSupport
import Datasets
import Evaluation
import Foundation
import Layers
import Recipes
import Reports
import Tasks
import Tensors

/// What a run does for its adapter before and after training.
extension FinetuneJob {
  private var planFile: URL { folder.url.appendingPathComponent(TaskAdapter.planName) }
  private var contributionsFile: URL { folder.url.appendingPathComponent("contributions.csv") }
  private var inspectionFile: URL {
    folder.url.appendingPathComponent("adapter-inspection.txt")
  }

  /// Makes the task of a run with its adapter, and opens the run folder once everything is known to be
  /// usable.
  ///
  /// An adapter that divides a budget is measured first, and the plan that comes out is kept in the run
  /// folder, so that a resumed run has the same one.
  ///
  /// - Parameters:
  ///   - before: work that the adapter needs beforehand, after the folder is open.
  ///   - make: makes the task; called twice where something is measured.
  func prepare<Task: FinetuneTask>(
    _ tuning: TuningSettings, _ training: FinetuneSettings,
    before: ((RunLog) throws -> Void)? = nil,
    make: (AdapterStart) throws -> Task
  ) throws -> (task: Task, log: RunLog) {
    try checkOldPictures(tuning)
    let saved = try savedPlan()
    var start = saved.map(AdapterStart.plan) ?? .recipe
    if isDryRun {
      return (try make(start), try RunLog(file: nil, console: session.console))
    }
    let divided = saved == nil ? try TaskAdapter.dividedMethod(tuning) : nil
    var opened: RunLog?
    if before != nil || divided != nil {
      // What is wrong with names is found by a first task; it is gone before the second is made.
      let first = try make(.probe)
      let log = try openFolder()
      opened = log
      try before?(log)
      if let divided {
        let probe = ContributionProbe(
          first, method: divided, settings: training,
          random: RandomStream(seed: UInt64(recipe.seed)))
        start = .plan(try measuredPlan(probe, divided, tuning, log: log))
      }
    }
    let task = try make(start)
    let log = try opened ?? openFolder()
    if let adapter = task.adapter, saved == nil { try save(adapter.plan) }
    return (task, log)
  }

  /// Steps and passes that measure contributions before the run, for its time; a pass takes a step at most.
  func measuringSteps<Task: FinetuneTask>(
    _ task: Task, _ tuning: TuningSettings, _ training: FinetuneSettings
  ) throws -> Int {
    guard try savedPlan() == nil, let divided = try TaskAdapter.dividedMethod(tuning) else {
      return 0
    }
    let probe = ContributionProbe(
      task, method: divided, settings: training, random: RandomStream(seed: UInt64(recipe.seed)))
    return probe.steps + probe.passes
  }

  /// Measures contributions and divides the budget.
  private func measuredPlan<Task: FinetuneTask>(
    _ probe: ContributionProbe<Task>, _ method: CoLoRA, _ tuning: TuningSettings, log: RunLog
  ) throws -> AdapterPlan {
    let total = probe.steps + probe.passes
    if total > 0 {
      log.notice(
        "Contributions by \(method.contribution.rawValue): \(probe.steps) steps of full training, "
          + "\(probe.passes) passes of measurement")
    }
    let progress = ProgressReporter(
      "Contributions", total: max(total, 1), console: log.console)
    let contributions = try probe.contributions {
      guard !session.interruption.isRequested else {
        progress.finish()
        throw CommandFailure.interrupted(resumeWith: resumeCommand)
      }
      progress.advance(steps: 1, items: 1)
    }
    progress.finish()
    let (plan, division) = try probe.plan(tuning, contributions)
    var lines = ["site,contribution,share,rank,trained"]
    for (path, share) in division.shares {
      let value = division.contributions[path] ?? 0
      lines.append(
        "\(path),\(value),\(share.ratio),\(share.isFull ? "full" : "\(share.rank)"),\(share.count)")
    }
    try folder.write(lines.joined(separator: "\n") + "\n", to: contributionsFile)
    let ranks = division.shares.filter { !$0.share.isFull }.map(\.share.rank)
    log.notice(
      "Budget \(Self.percent(division.fraction)) of the network: ranks \(ranks.min() ?? 0) to "
        + "\(ranks.max() ?? 0) at \(ranks.count) sites, \(division.shares.count - ranks.count) sites in "
        + "full; \(contributionsFile.path)")
    return plan
  }

  private static func percent(_ fraction: Double) -> String {
    "\((fraction * 10_000).rounded() / 100) %"
  }

  /// The plan of the run to continue; nil for a new run, or one that was stopped before it had one.
  private func savedPlan() throws -> AdapterPlan? {
    guard isResumed, let data = FileManager.default.contents(atPath: planFile.path) else {
      return nil
    }
    do {
      return try JSONDecoder().decode(AdapterPlan.self, from: data)
    } catch {
      throw CommandFailure(
        .badData,
        "The adapter's plan \(planFile.path) cannot be understood (\(error)); start the run again.")
    }
  }

  private func save(_ plan: AdapterPlan) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    let text = String(decoding: try encoder.encode(plan), as: UTF8.self)
    try folder.write(text + "\n", to: planFile)
  }

  /// Looks at what the adapter of the best weights did: new strong directions, and old pictures.
  func checkAdapter(
    of task: some FinetuneTask, _ tuning: TuningSettings, log: RunLog
  ) throws -> AdapterChecks {
    var checks = AdapterChecks()
    guard let adapter = task.adapter else { return checks }
    if tuning.inspection {
      var reporter: ProgressReporter?
      defer { reporter?.finish() }
      let inspection = try adapter.inspection(of: folder.best) { done, total in
        guard !session.interruption.isRequested else {
          throw CommandFailure.interrupted(resumeWith: resumeCommand)
        }
        if total > 0, reporter == nil {
          reporter = ProgressReporter("Intruder dimensions", total: total, console: log.console)
        }
        if done > 0 { reporter?.advance(steps: 1, items: 1) }
      }
      try folder.write(inspection.report, to: inspectionFile)
      if !inspection.sites.isEmpty {
        checks.inspection = inspection
        log.notice(inspection.summary + "; " + inspectionFile.path)
      }
    }
    if tuning.oldPictures != TuningSettings().oldPictures {
      let report = try forgetting(on: tuning.oldPictures, log: log)
      checks.forgetting = report
      log.notice("Forgetting: " + report.description)
    }
    return checks
  }

  /// Compares features of old pictures with those of the base, which the checkpoint holds beside the
  /// adapter.
  private func forgetting(on pictures: String, log: RunLog) throws -> ForgettingReport {
    let images = try ImageFolder(root: URL(fileURLWithPath: pictures))
    let progress = ProgressReporter(
      "Old pictures", total: 2 * images.paths.count, console: log.console)
    defer { progress.finish() }
    func features(_ model: URL) throws -> Tensor {
      let matrix = try FeatureExtractor(model.path, position: .backbone)
        .features(of: images.paths) { progress.advance(steps: $0, items: $0) }
      return Tensor(matrix.values, shape: [matrix.count, matrix.width])
    }
    return ForgettingReport(
      base: try features(folder.last), adapted: try features(folder.best))
  }

  /// Refuses a folder of old pictures that cannot be compared, before a night of training.
  private func checkOldPictures(_ tuning: TuningSettings) throws {
    guard tuning.oldPictures != TuningSettings().oldPictures else { return }
    guard inputs.task != .restoration else {
      throw CommandFailure(
        .usage,
        "tuning.oldPictures compares features of pictures, and a network that restores pictures has "
          + "none; leave it out, and score the old pictures with vision-evaluate.")
    }
    guard try !ImageFolder(root: URL(fileURLWithPath: tuning.oldPictures)).paths.isEmpty else {
      throw CommandFailure(
        .missingInput,
        "tuning.oldPictures names \(tuning.oldPictures), which holds no pictures.")
    }
  }
}
