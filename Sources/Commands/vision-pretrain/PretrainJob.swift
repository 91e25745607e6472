import CommandSupport
import Foundation
import Frames
import Recipes
import Tensors

/// What a run works on: footage, recipe, folder.
struct PretrainJob {
  /// The footage as it was named; kept in the run folder so that a resumed run finds it.
  struct Inputs: Codable {
    /// One video, as it was found when the run began.
    struct Item: Codable {
      var path: String
      var name: String
      var kind: FootageItem.Kind
    }

    var videos: [String]
    var detections: String?
    var footage: [Item]?
  }

  var inputs: Inputs
  var recipe: PretrainingRecipe
  let folder: URL
  let isResumed: Bool

  /// The job of a run folder.
  static func resuming(_ path: String, threads: Int?) throws -> PretrainJob {
    let run = RunFolder(url: URL(fileURLWithPath: path))
    guard let data = FileManager.default.contents(atPath: run.inputs.path),
      let inputs = try? JSONDecoder().decode(Inputs.self, from: data)
    else {
      throw CommandFailure(
        .missingInput,
        "There is no run to resume in \(path): it has no \(run.inputs.lastPathComponent); name the folder that "
          + "vision-pretrain made.")
    }
    var recipe = try PretrainingRecipe(contentsOf: run.recipe)
    if let threads { recipe.threads = threads }
    // The file may have been edited since the run began.
    try recipe.validate()
    return PretrainJob(inputs: inputs, recipe: recipe, folder: run.url, isResumed: true)
  }

  /// The footage of the run: what was found when it began, so that files that came later or went
  /// change nothing.
  func footage() throws -> [FootageItem] {
    if let known = inputs.footage {
      return known.map { FootageItem(path: $0.path, name: $0.name, kind: $0.kind) }
    }
    return try Footage.find(inputs.videos)
  }

  /// Keeps the footage for the run folder.
  mutating func keep(_ items: [FootageItem]) {
    inputs.footage = items.map { .init(path: $0.path, name: $0.name, kind: $0.kind) }
  }

  /// Starts the threads that the recipe asks for.
  func startThreads() {
    Compute.configure(
      threads: recipe.threads > 0
        ? recipe.threads : ProcessInfo.processInfo.activeProcessorCount)
  }

  /// Threads of the run, once they are started.
  var threads: Int { Compute.threads }
}
