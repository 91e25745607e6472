import CommandSupport
import Foundation
import Recipes
import Reports
import Tasks
import Training

/// Drives a trainer from its first or last checkpoint to the end: metrics, scores, checkpoints.
struct FinetuneSession<Task: FinetuneTask> {
  let trainer: TaskTrainer<Task>
  let folder: RunFolder
  let threads: Int
  let isResumed: Bool
  let report: ReportSettings
  /// Columns of `metrics.csv` besides loss, rate and gradient norm.
  let columns: [String]
  let resumeCommand: String
  /// The recipe of a resumed run that got another length; nil where it keeps its own.
  let changedRecipe: String?

  func run(log: RunLog, interruption: Interruption) throws -> TaskState {
    let checkpoint = CheckpointFolder(folder.last)
    let start = try TrainingRecord.start(
      TaskState(threads: threads), from: checkpoint, isResumed: isResumed,
      steps: trainer.totalSteps, log: log
    ) { try trainer.restore(from: $0, allowingOtherLength: changedRecipe != nil) }
    if let changedRecipe {
      // From here on the run has its new length, however it ends.
      try folder.write(changedRecipe, to: folder.recipe)
      log.notice("The length was changed; the learning rate follows the schedule of the new one")
    }
    // Nothing is left to do, so no file is touched.
    if isResumed, checkpoint.exists, trainer.isFinished { return start }
    let record = try TrainingRecord(
      start, directory: folder.url, columns: ["loss"] + columns + ["rate", "gradientNorm"],
      isResumed: isResumed)
    func save() throws { try record.save { try trainer.save(to: checkpoint, state: $0) } }
    let progress = ProgressReporter(
      "Training", total: trainer.totalSteps, completed: trainer.step, console: log.console)
    while !trainer.isFinished {
      if interruption.isRequested {
        progress.finish()
        try save()
        throw CommandFailure.interrupted(resumeWith: resumeCommand)
      }
      let step = try trainer.advance()
      record.state.step = trainer.step
      record.state.images += step.images
      progress.advance(items: step.images, values: ["loss": step.values["loss"] ?? 0])
      if step.isBest { try trainer.writeKept(to: folder.best) }
      if let score = step.score {
        log.detail(
          "Step \(trainer.step): \(score.name) \(Self.rounded(score.value)) on what is held out"
            + (step.isBest ? ", the best so far" : ""))
      }
      let isLast = trainer.isFinished
      if step.step % report.metricsEverySteps == 0 || step.score != nil || isLast {
        try record.append(step.step, step.values)
      }
      if isLast || record.stepsSinceSave >= trainer.settings.checkpointEverySteps { try save() }
    }
    progress.finish()
    if trainer.isStoppedEarly {
      log.notice(
        "Stopped at step \(trainer.step) of \(trainer.totalSteps): "
          + "\(trainer.settings.patience) scores without a better one")
    }
    if trainer.best == nil { try trainer.writeKept(to: folder.best) }
    return record.state
  }

  static func rounded(_ value: Double) -> String { String((value * 1000).rounded() / 1000) }
}
