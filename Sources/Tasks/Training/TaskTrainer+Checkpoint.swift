public import Foundation
import Layers
import Optimizers
import Storage
public import Training

/// The state of a fine-tuning run that is not in a weight file.
public struct TaskState: RunState, Codable, Hashable {
  /// Number of the next step.
  public var step = 0
  /// Updates of the optimizer.
  public var optimizerStep = 0
  /// Steps of the whole run, to notice a changed recipe.
  public var totalSteps = 0
  /// The best score so far.
  public var best: TaskScore?
  /// Steps done when it was reached.
  public var bestStep = 0
  /// Scores since the best one.
  public var scoresSinceBest = 0
  /// Pictures learned from so far.
  public var images = 0
  /// Seconds of training so far.
  public var seconds = 0.0
  /// Largest resident set of any part of the run so far, in bytes.
  public var peakResidentBytes = 0
  /// Threads the run uses; another number would change the last bits.
  public var threads: Int

  /// The state of a run that has not begun.
  public init(threads: Int) {
    self.threads = threads
  }
}

extension TaskTrainer {
  private var optimizerName: String { "optimizer.safetensors" }
  private var averageName: String { "average.safetensors" }

  /// Writes weights, moments, averages and `state` so that a kill at any instant leaves a complete
  /// checkpoint; the folder is also a model folder.
  public func save(to folder: CheckpointFolder, state: TaskState) throws {
    var state = state
    state.step = step
    state.totalSteps = totalSteps
    state.best = best
    state.bestStep = bestStep
    state.scoresSinceBest = scoresSinceBest
    let moments = optimizer.state
    state.optimizerStep = moments.step
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    try folder.replace(state: try encoder.encode(state)) { url in
      try task.writeModel(to: url, for: .checkpoint)
      try task.adapter?.writeState(to: url)
      try TensorFile.write(moments.moments, to: url.appendingPathComponent(optimizerName))
      if let average {
        try TensorFile.write(average.values, to: url.appendingPathComponent(averageName))
      }
    }
  }

  /// Continues from a checkpoint written by ``save(to:state:)``.
  ///
  /// - Parameters:
  ///   - folder: the checkpoint.
  ///   - allowingOtherLength: whether the run may have got longer or shorter; its learning rate then
  ///     follows the schedule of the new length from the next step on.
  /// - Throws: `CheckpointError` where there is none or it is damaged, ``TaskError/otherRun(reason:)``
  ///   where it belongs to another plan, ``TaskError/unsuitableSettings(reason:)`` where more steps are done
  ///   than the new length has.
  public func restore(
    from folder: CheckpointFolder, allowingOtherLength: Bool = false
  ) throws -> TaskState {
    folder.recover()
    guard let state = try folder.state(TaskState.self) else {
      throw CheckpointError.missing(path: folder.url.path)
    }
    guard state.step <= totalSteps || !allowingOtherLength else {
      throw TaskError.unsuitableSettings(
        reason:
          "The run has done \(state.step) steps already, so it cannot end after \(totalSteps); "
          + "give a length of at least \(state.step) steps, or leave it out.")
    }
    guard allowingOtherLength || state.totalSteps == totalSteps else {
      throw TaskError.otherRun(
        reason:
          "The checkpoint \(folder.url.path) belongs to a run of \(state.totalSteps) steps, but this "
          + "one has \(totalSteps): its recipe or its data were changed.")
    }
    try task.readModel(from: folder.url)
    try task.adapter?.readState(from: folder.url)
    start(at: state.step)
    let moments = try TensorFile.read(folder.url.appendingPathComponent(optimizerName))
    let problems = optimizer.restore(OptimizerState(step: state.optimizerStep, moments: moments))
    if let first = problems.first {
      throw CheckpointError.damaged(
        path: folder.url.path, reason: "the optimizer has no moments for \"\(first)\"")
    }
    if let average {
      average.restore(try TensorFile.read(folder.url.appendingPathComponent(averageName)))
    }
    best = state.best
    bestStep = state.bestStep
    scoresSinceBest = state.scoresSinceBest
    return state
  }

  /// Writes the model that is meant to be used: averaged weights when the run keeps an average.
  public func writeKept(to folder: URL) throws {
    try withKeptWeights { try task.writeModel(to: folder, for: .use) }
  }
}
