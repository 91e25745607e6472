import Foundation
import Persons
import Pretraining
import Recipes
import Reports
import Synchronization

/// Recipe keys as settings of the extraction.
enum ExtractionBridge {
  /// The extraction of a job.
  static func extraction(of job: PretrainJob) -> FootageExtraction {
    FootageExtraction(
      settings: settings(of: job.recipe),
      detections: job.inputs.detections.map { URL(fileURLWithPath: $0) },
      decoderThreads: job.threads)
  }

  private static func settings(of recipe: PretrainingRecipe) -> FootageExtraction.Settings {
    let keys = recipe.extraction
    var settings = FootageExtraction.Settings()
    settings.samplingRate = keys.samplingRate
    settings.cropWidth = recipe.model.imageWidth
    settings.cropHeight = recipe.model.imageHeight
    settings.quality = keys.cropQuality
    settings.boxSource =
      switch keys.detector {
      case .auto: .automatic
      case .sidecar: .file
      case .background: .staticCamera
      case .wholeFrame: .wholeFrame
      }
    settings.rules.minimumConfidence = keys.minimumConfidence
    settings.rules.minimumHeight = keys.minimumHeight
    settings.rules.minimumAspect = keys.minimumAspect
    settings.rules.maximumAspect = keys.maximumAspect
    settings.rules.minimumInside = keys.minimumInside
    settings.rules.suppressionOverlap = keys.suppressionOverlap
    settings.shotThreshold = keys.shotThreshold
    settings.shotGapSeconds = keys.shotGapSeconds
    return settings
  }
}

/// Shows the progress of an extraction, one line per video and stage.
final class ExtractionDisplay {
  private let console: Console
  private var reporter: ProgressReporter?
  private var key = ""
  private var frames = 0

  init(console: Console) {
    self.console = console
  }

  func show(_ progress: ExtractionProgress) {
    let now = "\(progress.video) \(progress.stage.rawValue)"
    if now != key {
      reporter?.finish()
      key = now
      frames = 0
      let verb = progress.stage == .background ? "Background" : "Crops"
      reporter = ProgressReporter(
        "\(verb) \(progress.video)/\(progress.videos) \(progress.name)",
        total: progress.expectedFrames, unit: "frames", console: console)
    }
    reporter?.advance(
      steps: progress.frames - frames, items: progress.frames - frames,
      values: progress.stage == .crops ? ["crops": Double(progress.crops)] : [:])
    frames = progress.frames
  }

  func finish() {
    reporter?.finish()
    reporter = nil
  }
}
