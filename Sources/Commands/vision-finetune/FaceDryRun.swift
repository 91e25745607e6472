import Datasets
import Foundation
import Layers
import Reports
import Tasks
import Tensors

/// Two steps on a copy of nothing: what a run would need, without writing anything.
struct FaceDryRun {
  struct Result: Encodable {
    let dryRun = true
    let task = "face"
    let persons: Int
    let images: Int
    let heldOutPersons: Int
    let heldOutImages: Int
    let trainableParameters: Int
    let totalParameters: Int
    let steps: Int
    let estimatedMinutes: Double
    let estimatedMemoryMiB: Double
    let notes: [String]
  }

  let task: FaceRecognition
  let trainer: TaskTrainer<FaceRecognition>

  func result(log: RunLog) throws -> Result {
    // The first step also fills caches; the second tells the time.
    _ = try trainer.advance()
    let start = ContinuousClock.now
    if !trainer.isFinished { _ = try trainer.advance() }
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    let minutes = seconds * Double(trainer.totalSteps) / 60
    let memory = Double(Compute.peakResidentBytes) / 1_048_576
    log.notice(
      "About \(max(1, Int(minutes.rounded()))) minutes and \(Int(memory)) MiB by two steps tried now"
    )
    if !task.skipped.isEmpty {
      log.warning(
        "\(task.skipped.count) pictures of two batches cannot be decoded; the first: "
          + "\(task.skipped[0].path): \(task.skipped[0].reason)")
    }
    log.notice("Dry run: nothing was written.")
    let data = task.data
    return Result(
      persons: data.persons.count, images: data.train.count,
      heldOutPersons: data.heldOutPersons, heldOutImages: data.heldOutPictures,
      trainableParameters: task.trainableParameterCount,
      totalParameters: task.parameterCount, steps: trainer.totalSteps,
      estimatedMinutes: minutes, estimatedMemoryMiB: memory, notes: data.notes + task.notes)
  }
}
