import CommandSupport
import Datasets
import Evaluation
import Foundation
import Recipes
import Reports
import Tasks
import Tensors

/// All files decoded once and two steps on a copy of nothing: what a run would need, without writing
/// anything.
struct FinetuneDryRun: Encodable {
  /// What the run of a task says about its data.
  struct Facts: Encodable {
    let task: String
    /// Persons to learn; nil where the task knows none.
    var persons: Int?
    let images: Int
    /// Persons held out; nil where the task knows none.
    var heldOutPersons: Int?
    let heldOutImages: Int
    /// Cameras of the training pictures; nil where the task knows none.
    var cameras: Int?
    /// Splits, persons and cameras of the whole folder; nil where the task knows none.
    var data: DataSummary?
    let notes: [String]
    /// Files that were left out when the data were looked for.
    let skipped: [SkippedFile]
    /// Files that are decoded for the check.
    let files: Int
    /// Steps and passes before the run that measure for an adapter.
    var measuringSteps = 0

    private enum CodingKeys: String, CodingKey {
      case task, persons, images, heldOutPersons, heldOutImages, cameras, data, notes
    }
  }

  /// What was found by trying.
  private struct Findings: Encodable {
    let dryRun = true
    /// Files that cannot be used.
    let skipped: Int
    let trainableParameters: Int
    let totalParameters: Int
    let steps: Int
    /// Minutes of the whole run, scores and measurements included.
    let estimatedMinutes: Double
    /// Minutes of it that go into scores of what is held out.
    let validationMinutes: Double
    /// Minutes of it that go into the measurements of an adapter.
    let measuringMinutes: Double
    let estimatedMemoryMiB: Double
  }

  private let facts: Facts
  private let findings: Findings

  /// One object of both parts.
  func encode(to encoder: any Encoder) throws {
    try facts.encode(to: encoder)
    try findings.encode(to: encoder)
  }

  /// Checks the files, tries two steps and a score.
  ///
  /// - Parameters:
  ///   - check: decodes all files and gives those that cannot be; calls its argument after each.
  ///   - interruption: looked at between the files and steps.
  /// - Throws: `CommandFailure` when the person asks for an end; what the trainer throws.
  init<Task: FinetuneTask>(
    _ trainer: TaskTrainer<Task>, _ facts: Facts, log: RunLog, interruption: Interruption,
    check: (() throws -> Void) throws -> [SkippedFile]
  ) throws {
    func continueUnlessAsked() throws {
      if interruption.isRequested { throw CommandFailure.interruptedDryRun }
    }
    let progress = ProgressReporter("Checking", total: max(facts.files, 1), console: log.console)
    let damaged: [SkippedFile]
    do {
      damaged = try check {
        try continueUnlessAsked()
        progress.advance(steps: 1, items: 1)
      }
      progress.finish()
    } catch {
      progress.finish()
      throw error
    }
    func seconds(_ body: () throws -> Void) throws -> Double {
      try continueUnlessAsked()
      let start = ContinuousClock.now
      try body()
      return (ContinuousClock.now - start) / .seconds(1)
    }
    // The first step also fills caches; the second tells the time.
    let first = try seconds { _ = try trainer.advance() }
    let step = trainer.isFinished ? first : try seconds { _ = try trainer.advance() }
    let every = trainer.settings.evaluateEverySteps
    let scores = facts.heldOutImages > 0 ? (trainer.totalSteps + every - 1) / every : 0
    let score = scores > 0 ? try seconds { _ = try trainer.task.score() } : 0
    try continueUnlessAsked()
    let validation = score * Double(scores) / 60
    let measuring = step * Double(facts.measuringSteps) / 60
    self.facts = facts
    findings = Findings(
      skipped: facts.skipped.count + damaged.count,
      trainableParameters: trainer.task.trainableParameterCount,
      totalParameters: trainer.task.parameterCount, steps: trainer.totalSteps,
      estimatedMinutes: step * Double(trainer.totalSteps) / 60 + validation + measuring,
      validationMinutes: validation, measuringMinutes: measuring,
      estimatedMemoryMiB: Double(Compute.peakResidentBytes) / 1_048_576)
    log.notice(
      "About \(max(1, Int(findings.estimatedMinutes.rounded()))) minutes (of them "
        + "\(Int(validation.rounded())) for \(scores) scores"
        + (facts.measuringSteps > 0
          ? ", \(Int(measuring.rounded())) for measurements before" : "")
        + ") and \(Int(findings.estimatedMemoryMiB)) MiB by two steps and a score tried now")
    let all = facts.skipped + damaged
    if !all.isEmpty {
      log.warning(
        "\(all.count) \(all.count == 1 ? "file" : "files") cannot be used: "
          + all.prefix(3).map { "\($0.path): \($0.reason)" }.joined(separator: "; ")
          + (all.count > 3 ? "; …" : ""))
    }
    log.notice("Dry run: nothing was written.")
  }
}
