import CommandSupport
import Foundation
import Pretraining
import Recipes
import Reports
import Storage
import Tensors
import Training

/// Drives a trainer from its first or last checkpoint to the end: metrics, alarms, checkpoints.
struct TrainingSession {
  let trainer: PretrainingTrainer
  let folder: RunFolder
  let configuration: ModelConfiguration
  let threads: Int
  let isResumed: Bool
  /// When this part of the run began.
  let start: ContinuousClock.Instant
  let command: String
  let footage: PretrainFootage
  /// Called with the weights at the end of a stage, before they are saved.
  let atEndOfStage: (PretrainingPlan.Stage) throws -> Void

  /// Columns of `metrics.csv`.
  static let columns = [
    "loss.simmim", "loss.isr", "rate", "gradientNorm", "pairs", "contrast", "probability",
    "reliability", "unmatched", "similarity", "frameSimilarity", "frameDeviation", "belowFrame",
    "spread", "precision", "possible", "backwardCrops", "leftOutGradient",
  ]

  func run(log: RunLog, interruption: Interruption) throws -> PretrainingState {
    let checkpoint = CheckpointFolder(folder.last)
    let before = try TrainingRecord.start(
      PretrainingState(threads: threads), from: checkpoint, isResumed: isResumed,
      steps: trainer.plan.totalSteps, log: log
    ) { try trainer.restore(from: $0) }
    // Nothing is left to do, so no file is touched.
    if isResumed, checkpoint.exists, trainer.isFinished {
      var state = before
      addPart(to: &state, before: before)
      return state
    }
    let record = try TrainingRecord(
      before, directory: folder.url, columns: Self.columns, isResumed: isResumed)
    var stage: PretrainingPlan.Stage?
    var progress: ProgressReporter?
    var estimate = EndEstimate()
    func save() throws {
      addPart(to: &record.state, before: before)
      try record.save {
        try trainer.save(to: checkpoint, configuration: configuration, state: $0)
      }
    }
    while let current = trainer.plan.stage(at: trainer.step) {
      if interruption.isRequested {
        progress?.finish()
        try save()
        throw CommandFailure.interrupted(resumeWith: command)
      }
      if stage != current {
        progress?.finish()
        stage = current
        progress = ProgressReporter(
          Self.title(current.objective), total: current.steps,
          completed: trainer.step - current.start, console: log.console)
      }
      let report: StepReport
      let stepStart = ContinuousClock.now
      do {
        // Trouble with the footage ends the run at once, not when the crops it has are used up.
        try footage.check()
        report = try trainer.advance()
      } catch is CancellationError {
        // Interrupted while it waited for footage: the next turn saves.
        continue
      }
      footage.stepBack()
      if let sentence = estimate.sentence(
        after: report, duration: (ContinuousClock.now - stepStart) / .seconds(1), in: current,
        of: trainer.plan)
      {
        log.notice(sentence)
      }
      record.state.step = trainer.step
      record.state.images += report.images
      record.state.pairs += report.pairs
      record.state.pairsByVideo.merge(report.pairsByVideo, uniquingKeysWith: +)
      record.state.waited += report.waitedForFootage
      if let alarm = report.alarm,
        !record.state.alarms.contains(where: { Self.isAlike($0, alarm) })
      {
        record.state.alarms.append("Step \(report.step): \(alarm)")
        log.warning("Step \(report.step): \(alarm)")
      }
      try append(report, to: record)
      progress?.advance(items: report.images, values: shown(report))
      if trainer.step == current.start + current.steps {
        try atEndOfStage(current)
        try save()
      } else if record.stepsSinceSave >= trainer.recipe.optimizer.checkpointEverySteps {
        try save()
      }
    }
    progress?.finish()
    if !checkpoint.exists { try save() }
    addPart(to: &record.state, before: before)
    return record.state
  }

  /// Whether an alarm of before is of the same kind: its figures may differ.
  private static func isAlike(_ earlier: String, _ alarm: String) -> Bool {
    earlier.contains(alarm.prefix(24))
  }

  /// Time and memory of this part of the run, on top of the parts before.
  private func addPart(to state: inout PretrainingState, before: PretrainingState) {
    state.elapsed = before.elapsed + (ContinuousClock.now - start) / .seconds(1)
    state.peakResidentBytes = max(before.peakResidentBytes, Compute.peakResidentBytes)
  }

  /// What stands in the line of progress.
  private func shown(_ report: StepReport) -> KeyValuePairs<String, Double> {
    let losses = ["loss.simmim", "loss.isr"].compactMap { report.values[$0] }
    let loss = losses.reduce(0, +)
    guard let read = footage.percentage else { return losses.isEmpty ? [:] : ["loss": loss] }
    return losses.isEmpty ? ["footage %": read] : ["loss": loss, "footage %": read]
  }

  private static func title(_ objective: PretrainingPlan.Objective) -> String {
    switch objective {
    case .simmim: "Masked patches"
    case .isr: "Pairs"
    case .joint: "Masked patches and pairs"
    }
  }

  private func append(
    _ report: StepReport, to record: TrainingRecord<PretrainingState>
  ) throws {
    let interval = trainer.recipe.report.metricsEverySteps
    let endsStage = trainer.plan.stage(at: report.step) != trainer.plan.stage(at: report.step + 1)
    guard report.step % interval == 0 || endsStage else { return }
    var values = report.values
    if report.objective != .simmim { values["pairs"] = Double(report.pairs) }
    try record.append(report.step, values)
  }
}
