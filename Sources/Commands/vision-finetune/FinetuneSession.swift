import CommandSupport
import Foundation
import Recipes
import Reports
import Tasks
import Tensors
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

  func run(log: RunLog, interruption: Interruption) throws -> TaskState {
    let checkpoint = CheckpointFolder(folder.last)
    checkpoint.recover()
    var state = TaskState(threads: threads)
    if isResumed, checkpoint.exists {
      state = try trainer.restore(from: checkpoint)
      log.notice("Continuing at step \(state.step) of \(trainer.totalSteps)")
      if state.threads != threads {
        log.warning(
          "The run used \(state.threads) threads and goes on with \(threads): the last bits of the "
            + "weights will differ from an uninterrupted run.")
      }
      state.threads = threads
      if trainer.isFinished { return state }
    }
    let metrics = try MetricsLog(
      directory: folder.url, columns: ["loss"] + columns + ["rate", "gradientNorm"],
      resumingAt: isResumed ? state.step : nil)
    let before = state
    let clock = ContinuousClock.now
    var lastSaved = state.step
    func save() throws {
      state.seconds = before.seconds + (ContinuousClock.now - clock) / .seconds(1)
      state.peakResidentBytes = max(before.peakResidentBytes, Compute.peakResidentBytes)
      try metrics.synchronize()
      try trainer.save(to: checkpoint, state: state)
      lastSaved = trainer.step
    }
    let progress = ProgressReporter(
      "Training", total: trainer.totalSteps, completed: trainer.step, console: log.console)
    while !trainer.isFinished {
      if interruption.isRequested {
        progress.finish()
        try save()
        throw CommandFailure.interrupted(resumeWith: resumeCommand)
      }
      let step = try trainer.advance()
      state.step = trainer.step
      state.images += step.images
      progress.advance(items: step.images, values: ["loss": step.values["loss"] ?? 0])
      if step.isBest { try trainer.writeKept(to: folder.best) }
      if let score = step.score {
        log.detail(
          "Step \(trainer.step): \(score.name) \(Self.rounded(score.value)) on what is held out"
            + (step.isBest ? ", the best so far" : ""))
      }
      let isLast = trainer.isFinished
      if step.step % report.metricsEverySteps == 0 || step.score != nil || isLast {
        let seconds = (ContinuousClock.now - clock) / .seconds(1)
        try metrics.append(
          MetricsRow(step: step.step, values: step.values), seconds: before.seconds + seconds,
          imagesPerSecond: Double(state.images - before.images) / max(seconds, 1e-9))
      }
      let settings = trainer.settings
      if isLast || trainer.step - lastSaved >= settings.checkpointEverySteps { try save() }
    }
    progress.finish()
    if trainer.isStoppedEarly {
      log.notice(
        "Stopped at step \(trainer.step) of \(trainer.totalSteps): "
          + "\(trainer.settings.patience) scores without a better one")
    }
    if trainer.best == nil { try trainer.writeKept(to: folder.best) }
    return state
  }

  static func rounded(_ value: Double) -> String { String((value * 1000).rounded() / 1000) }
}
