public import Foundation
public import Reports
import Tensors
public import Training

/// What a training run leaves on disk while it goes on, over all its parts: metrics and its last checkpoint.
public final class TrainingRecord<State: RunState> {
  /// The state; whoever runs the steps counts them here.
  public var state: State
  private let before: State
  private let metrics: MetricsLog
  private let clock = ContinuousClock.now
  private var lastSaved: Int

  /// Where a run begins: at its checkpoint if it is resumed and has one, else at `fresh`.
  ///
  /// - Parameters:
  ///   - fresh: the state of a run that has not begun, with the threads of this part.
  ///   - checkpoint: the last checkpoint; one that was left half replaced is put right.
  ///   - isResumed: whether the run is resumed.
  ///   - steps: steps of the whole run, to tell.
  ///   - log: where a person reads where the run goes on.
  ///   - restore: reads the checkpoint.
  /// - Throws: what `restore` throws.
  public static func start(
    _ fresh: State, from checkpoint: CheckpointFolder, isResumed: Bool, steps: Int, log: RunLog,
    restore: (CheckpointFolder) throws -> State
  ) throws -> State {
    checkpoint.recover()
    guard isResumed, checkpoint.exists else { return fresh }
    var state = try restore(checkpoint)
    log.notice("Continuing at step \(state.step) of \(steps)")
    if state.threads != fresh.threads {
      log.warning(
        "The run used \(state.threads) threads and goes on with \(fresh.threads): the last bits of the "
          + "weights will differ from an uninterrupted run.")
    }
    state.threads = fresh.threads
    return state
  }

  /// Opens the metrics in a run's folder, from the first step or going on.
  ///
  /// - Throws: `ReportError` where they cannot be written.
  public init(
    _ state: State, directory: URL, columns: [String], isResumed: Bool
  ) throws {
    self.state = state
    before = state
    lastSaved = state.step
    metrics = try MetricsLog(
      directory: directory, columns: columns, resumingAt: isResumed ? state.step : nil)
  }

  /// Seconds of training in this part of the run.
  public var seconds: Double { (ContinuousClock.now - clock) / .seconds(1) }

  /// Steps since the last checkpoint, or since this part began.
  public var stepsSinceSave: Int { state.step - lastSaved }

  /// Appends the measurements of a step.
  ///
  /// - Throws: `ReportError` where the disk is full.
  public func append(_ step: Int, _ values: [String: Double]) throws {
    try metrics.append(
      MetricsRow(step: step, values: values), seconds: before.seconds + seconds,
      imagesPerSecond: Double(state.images - before.images) / max(seconds, 1e-9))
  }

  /// Takes time and memory into the state and writes a checkpoint, the metrics before it.
  ///
  /// - Throws: `ReportError` where the metrics cannot be written, and what `write` throws.
  public func save(_ write: (State) throws -> Void) throws {
    state.seconds = before.seconds + seconds
    state.peakResidentBytes = max(before.peakResidentBytes, Compute.peakResidentBytes)
    try metrics.synchronize()
    try write(state)
    lastSaved = state.step
  }
}
