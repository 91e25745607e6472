import Foundation
import Frames
import Persons
import Pretraining
import Recipes

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
    if keys.numberedFrameRate != VideoReader.defaultNumberedFrameRate {
      settings.numberedFrameRate = keys.numberedFrameRate
    }
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
