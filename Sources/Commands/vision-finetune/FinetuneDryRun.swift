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
  /// - Parameter skipped: the pictures that could not be decoded, asked for after the steps.
  init<Task: FinetuneTask>(
    _ trainer: TaskTrainer<Task>, task: String, persons: Int? = nil, images: Int,
    heldOutPersons: Int? = nil, heldOutImages: Int, notes: [String],
    skipped: () -> [SkippedFile], log: RunLog
  ) throws {
    // The first step also fills caches; the second tells the time.
    _ = try trainer.advance()
    let start = ContinuousClock.now
    if !trainer.isFinished { _ = try trainer.advance() }
    let seconds = (ContinuousClock.now - start) / .seconds(1)
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
