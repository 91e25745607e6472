import Adapters
import CommandSupport
import Datasets
import Foundation
import Recipes
import Reports
import Storage
import Tasks
import Tensors

/// What the runs of all tasks say and write alike.
extension FinetuneJob {
  /// What is opened as the start.
  ///
  /// A resumed run reads the shape from its own checkpoint, since the start may be gone; `file` tells
  /// whether there is one.
  func startingModel(_ tuning: TuningSettings, checkpointHas file: String) -> String {
    let hasCheckpoint = FileManager.default.fileExists(
      atPath: folder.last.appendingPathComponent(file).path)
    return isResumed && hasCheckpoint ? folder.last.path : tuning.start
  }

  /// Where a model came from, as its configuration tells.
  func origin(_ tuning: TuningSettings) -> String {
    "vision-finetune --task \(inputs.task.rawValue), from \(tuning.start), \(tuning.method), "
      + "seed \(recipe.seed)"
  }

  /// The lines about the network, what is trained of it, and the plan.
  func introduce<Task: FinetuneTask>(
    _ name: String, _ trainer: TaskTrainer<Task>, _ tuning: TuningSettings, log: RunLog
  ) {
    let share = TrainableShare(
      trained: trainer.task.trainableParameterCount, total: trainer.task.parameterCount)
    log.notice("Model: \(name) from \(tuning.start); \(tuning.method) \(share.description)")
    if let note = trainer.task.frozenFeatures { log.notice(note) }
    if let advice = trainer.task.adapter?.adapter.plan.method.advice { log.warning(advice) }
    log.notice("Training: \(trainer.totalSteps) steps, \(threads) threads")
  }

  /// Says what is probably wrong with how pictures are prepared for the starting network.
  func warn(of preparation: ModelConfiguration.Preparation, log: RunLog) {
    for mistake in preparation.mistakes { log.warning(mistake) }
  }

  /// Lists the files that were left out, and says how many and the first few.
  func write(skipped: [SkippedFile], log: RunLog) throws {
    if !skipped.isEmpty {
      log.warning(
        "\(skipped.count) \(skipped.count == 1 ? "picture was" : "pictures were") left out, listed in "
          + "\(folder.skipped.path): "
          + skipped.prefix(3).map { "\($0.path) (\($0.reason))" }.joined(separator: "; ")
          + (skipped.count > 3 ? "; …" : ""))
    }
    try folder.write(
      SkippedList(skipped.lazy.map { (path: $0.path, reason: $0.reason) }).text,
      to: folder.skipped)
  }

  /// The last line of a run, and its answer; `best` is the score on what was held out.
  func result<Task: FinetuneTask>(
    of trainer: TaskTrainer<Task>, _ tuning: TuningSettings, state: TaskState, bestStep: Int,
    best: (any Encodable)?, yardsticks: [Yardstick], checks: AdapterChecks, log: RunLog
  ) -> FinetuneResult {
    log.notice(
      "Done in \(Int(elapsed.rounded())) s: model \(folder.best.path), report "
        + folder.report.path)
    return FinetuneResult(
      run: folder.url.path, task: inputs.task.rawValue, adapter: tuning.method,
      trainableParameters: trainer.task.trainableParameterCount,
      totalParameters: trainer.task.parameterCount, steps: state.step,
      imagesPerSecond: Double(state.images) / max(state.seconds, 1e-9),
      peakMemoryMiB: Double(max(state.peakResidentBytes, Compute.peakResidentBytes)) / 1_048_576,
      best: best, yardsticks: yardsticks, bestStep: bestStep,
      intruderDimensions: checks.inspection?.intruderCount,
      oldPictures: checks.oldPictures,
      seconds: state.seconds,
      report: folder.report.path)
  }
}
