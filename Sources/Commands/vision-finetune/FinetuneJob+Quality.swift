import CommandSupport
import Foundation
import Quality
import Recipes
import Reports
import Tasks

/// The quality network of a face run.
extension FinetuneJob where Settings == FaceRecipe {
  /// The quality network that the run measures with: that of the run to continue, one that the recipe
  /// names, or one trained now; it is kept in the run folder.
  func learnedQuality(_ data: FaceData, log: RunLog) throws -> LearnedQuality {
    let file = folder.url.appendingPathComponent(LearnedQuality.fileName)
    if isResumed, FileManager.default.fileExists(atPath: file.path) {
      return try LearnedQuality(contentsOf: file)
    }
    let choice = recipe.face.qualityNetwork
    if choice != FaceSettings().qualityNetwork {
      guard FileManager.default.fileExists(atPath: choice) else {
        throw CommandFailure(
          .missingInput,
          "There is no quality network \(choice): face.qualityNetwork takes train, or the "
            + "\(LearnedQuality.fileName) of an earlier run.")
      }
      let quality = try LearnedQuality(contentsOf: URL(fileURLWithPath: choice))
      try quality.write(to: file)
      log.notice("Quality network: \(choice)")
      return quality
    }
    let training = try FaceQualityTraining(data, recipe: recipe)
    let progress = ProgressReporter(
      "Quality network", total: training.steps, console: log.console)
    let (quality, score) = try training.run { loss in
      guard !session.interruption.isRequested else {
        progress.finish()
        throw CommandFailure.interrupted(resumeWith: resumeCommand)
      }
      progress.advance(items: 1, values: ["loss": Double(loss)])
    }
    progress.finish()
    try quality.write(to: file)
    if let score {
      log.notice(
        "Quality network: rank correlation \((score.rankCorrelation * 1000).rounded() / 1000) with the "
          + "severity of degradations it has not seen; \(file.path)")
    }
    return quality
  }
}
