import Pretraining
import Reports
import Synchronization

/// Shows how far the reading of footage is.
///
/// On lines of its own while nothing else goes on, which is so while the training waits for footage;
/// else as a share that stands in the line of the training.
final class FootageDisplay: Sendable {
  private struct State {
    var reporter: ProgressReporter?
    var key = ""
    var frames = 0
    var isAlone = true
    /// Share of the footage that has been read, 0…1.
    var share = 0.0
    /// When the training last made a step, and how long it took.
    var lastStep: Double?
    var stepSeconds = 0.0
  }

  /// Seconds without a step, and how many times the last one's, after which the training is taken to wait.
  private static let patience = (seconds: 10.0, steps: 5.0)

  private let console: Console
  private let state = Mutex(State())

  init(console: Console) {
    self.console = console
  }

  /// Percentage of the footage that has been read.
  var percentage: Double { state.withLock { ($0.share * 100).rounded(.down) } }

  /// Takes in how far the extraction is; one line per video and stage.
  func show(_ progress: ExtractionProgress) {
    state.withLock { state in
      // Learning a background reads a video once more than cutting it, at about the same cost.
      let part = progress.expectedFrames.map { Double(progress.frames) / Double(max($0, 1)) } ?? 0
      let isCutting = progress.stage == .crops
      state.share =
        (Double(progress.video - 1) + (isCutting ? min(part, 1) : 0)) / Double(progress.videos)
      if let lastStep = state.lastStep,
        ProgressReporter.uptime() - lastStep
          > max(Self.patience.seconds, Self.patience.steps * state.stepSeconds)
      {
        state.isAlone = true
      }
      guard state.isAlone else { return }
      let key = "\(progress.video) \(progress.stage.rawValue)"
      if key != state.key {
        state.reporter?.finish()
        state.key = key
        // The training may have had the lines in the middle of a video.
        state.frames = max(progress.frames - 1, 0)
        state.reporter = ProgressReporter(
          "\(isCutting ? "Crops" : "Background") \(progress.video)/\(progress.videos) \(progress.name)",
          total: progress.expectedFrames, completed: state.frames, unit: "frames",
          console: console)
      }
      state.reporter?.advance(
        steps: progress.frames - state.frames, items: progress.frames - state.frames,
        values: isCutting ? ["crops": Double(progress.crops)] : [:])
      state.frames = progress.frames
    }
  }

  /// Leaves the lines to the training, which has just made a step.
  func stepBack() {
    let time = ProgressReporter.uptime()
    state.withLock { state in
      if state.isAlone {
        // The time of a step that waited tells nothing about the next one.
        state.reporter?.finish()
        (state.isAlone, state.reporter, state.key) = (false, nil, "")
      } else if let lastStep = state.lastStep {
        state.stepSeconds = time - lastStep
      }
      state.lastStep = time
    }
  }
}
