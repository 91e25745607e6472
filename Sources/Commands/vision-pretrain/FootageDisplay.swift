import Pretraining
import Reports
import Synchronization

/// Shows how far the reading of footage is: on lines of its own while nothing else goes on, then as a
/// share that stands in the line of the training.
final class FootageDisplay: Sendable {
  private struct State {
    var reporter: ProgressReporter?
    var key = ""
    var frames = 0
    var isAlone = true
    /// Share of the footage that has been read, 0…1.
    var share = 0.0
  }

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
      guard state.isAlone else { return }
      let key = "\(progress.video) \(progress.stage.rawValue)"
      if key != state.key {
        state.reporter?.finish()
        state.key = key
        state.frames = 0
        state.reporter = ProgressReporter(
          "\(isCutting ? "Crops" : "Background") \(progress.video)/\(progress.videos) \(progress.name)",
          total: progress.expectedFrames, unit: "frames", console: console)
      }
      state.reporter?.advance(
        steps: progress.frames - state.frames, items: progress.frames - state.frames,
        values: isCutting ? ["crops": Double(progress.crops)] : [:])
      state.frames = progress.frames
    }
  }

  /// Leaves the lines to the training.
  func stepBack() {
    state.withLock { state in
      guard state.isAlone else { return }
      state.isAlone = false
      state.reporter?.finish()
      state.reporter = nil
    }
  }
}
