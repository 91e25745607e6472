import CommandSupport
import Datasets
import Foundation
import Reports
import Tasks
import Tensors

/// Two steps on a copy of nothing: what a run would need, without writing anything.
struct FinetuneDryRun: Encodable {
  let dryRun = true
  let task: String
  /// Persons to learn; nil where the task knows none.
  var persons: Int?
  let images: Int
  /// Persons held out; nil where the task knows none.
  var heldOutPersons: Int?
  let heldOutImages: Int
  let trainableParameters: Int
  let totalParameters: Int
  let steps: Int
  let estimatedMinutes: Double
  let estimatedMemoryMiB: Double
  let notes: [String]

  /// Tries two steps.
  ///
  /// - Parameters:
  ///   - skipped: the pictures that could not be decoded, asked for after the steps.
  ///   - interruption: looked at between the steps.
  /// - Throws: `CommandFailure` when the person asks for an end; what the trainer throws.
  init<Task: FinetuneTask>(
    _ trainer: TaskTrainer<Task>, task: String, persons: Int? = nil, images: Int,
    heldOutPersons: Int? = nil, heldOutImages: Int, notes: [String],
    skipped: () -> [SkippedFile], log: RunLog, interruption: Interruption
  ) throws {
    func advance() throws {
      if interruption.isRequested { throw CommandFailure.interruptedDryRun }
      _ = try trainer.advance()
    }
    // The first step also fills caches; the second tells the time.
    try advance()
    let start = ContinuousClock.now
    if !trainer.isFinished { try advance() }
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    if interruption.isRequested { throw CommandFailure.interruptedDryRun }
    self.task = task
    self.persons = persons
    self.images = images
    self.heldOutPersons = heldOutPersons
    self.heldOutImages = heldOutImages
    trainableParameters = trainer.task.trainableParameterCount
    totalParameters = trainer.task.parameterCount
    steps = trainer.totalSteps
    estimatedMinutes = seconds * Double(trainer.totalSteps) / 60
    estimatedMemoryMiB = Double(Compute.peakResidentBytes) / 1_048_576
    self.notes = notes
    log.notice(
      "About \(max(1, Int(estimatedMinutes.rounded()))) minutes and \(Int(estimatedMemoryMiB)) MiB "
        + "by two steps tried now")
    let skipped = skipped()
    if let first = skipped.first {
      log.warning(
        "\(skipped.count) pictures of two batches cannot be decoded; the first: \(first.path): "
          + first.reason)
    }
    log.notice("Dry run: nothing was written.")
  }
}
