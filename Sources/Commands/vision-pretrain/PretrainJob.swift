import CommandSupport
import Foundation
import Recipes

/// What a run works on: footage, recipe, folder.
struct PretrainJob {
  /// The footage as it was named; kept in the run folder so that a resumed run finds it.
  struct Inputs: Codable {
    var videos: [String]
    var detections: String?
  }

  let inputs: Inputs
  var recipe: PretrainingRecipe
  let folder: URL
  let isResumed: Bool

  static let inputsName = "inputs.json"
  static let recipeName = "recipe.yaml"

  /// The job of a run folder.
  static func resuming(_ path: String, threads: Int?) throws -> PretrainJob {
    let folder = URL(fileURLWithPath: path)
    let url = folder.appendingPathComponent(inputsName)
    guard let data = FileManager.default.contents(atPath: url.path),
      let inputs = try? JSONDecoder().decode(Inputs.self, from: data)
    else {
      throw CommandFailure(
        .missingInput,
        "There is no run to resume in \(path): it has no \(inputsName); name the folder that "
          + "vision-pretrain made.")
    }
    var recipe = try PretrainingRecipe(
      contentsOf: folder.appendingPathComponent(recipeName))
    if let threads { recipe.threads = threads }
    return PretrainJob(inputs: inputs, recipe: recipe, folder: folder, isResumed: true)
  }

  /// Threads of the run.
  var threads: Int {
    recipe.threads > 0 ? recipe.threads : ProcessInfo.processInfo.activeProcessorCount
  }
}
