import CommandSupport
import Datasets
import Foundation
import Frames
import Pretraining
import Recipes
import Tensors
import Training

/// What a run works on: footage, recipe, folder.
struct PretrainJob {
  /// The footage as it was named; kept in the run folder so that a resumed run finds it.
  struct Inputs: Codable {
    /// One video, as it was found when the run began.
    struct Item: Codable {
      var path: String
      var name: String
      var kind: FootageItem.Kind
      /// Why it could not be opened then; nil if it could.
      var problem: String?
      /// The file of boxes it had then; nil if it had none.
      var boxes: String?
    }

    var videos: [String]
    var detections: String?
    var footage: [Item]?
  }

  var inputs: Inputs
  var recipe: PretrainingRecipe
  let folder: URL
  let isResumed: Bool
  /// Where a resumed run stands; nil before its first checkpoint.
  var state: PretrainingState?
  /// Whether a resumed run got another length.
  var isLengthChanged = false

  /// The job of a run folder; `lengths` change the stages that are not done.
  static func resuming(
    _ path: String, threads: Int?, lengths: [RecipeOverride] = []
  ) throws -> PretrainJob {
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
    let before = recipe
    let state = try PretrainingState(of: CheckpointFolder(run.last))
    let isFirstDone = state.map { $0.stageStart > 0 } ?? false
    let objective = recipe.schedule.objective
    try recipe.apply(
      lengths.filter {
        $0.key.hasPrefix("simmim.")
          ? objective.includesMasking && !isFirstDone : objective.includesPairs
      })
    // The file may have been edited since the run began.
    try recipe.validate()
    if let state, !recipe.countsEpochs {
      try PretrainingPlan(recipe: recipe, crops: 1, frames: 1).check(state)
    }
    return PretrainJob(
      inputs: inputs, recipe: recipe, folder: run.url, isResumed: true, state: state,
      isLengthChanged: recipe != before)
  }

  /// The footage of the run: what was found when it began, so that files that came later or went
  /// change nothing.
  func footage() throws -> FootageFindings {
    if let known = inputs.footage {
      return FootageFindings(
        items: known.map {
          FootageItem(path: $0.path, name: $0.name, kind: $0.kind, problem: $0.problem)
        })
    }
    return try Footage.search(inputs.videos)
  }

  /// Files in the folders that are neither videos by their names nor boxes of one, in a sentence; nil
  /// where there are none.
  func notice(of findings: FootageFindings, _ extraction: FootageExtraction) -> String? {
    let boxes = Set(findings.items.compactMap { extraction.boxPath(of: $0) })
    let others = findings.otherFiles.filter { !boxes.contains($0) }
    guard !others.isEmpty else { return nil }
    let shown = 3
    let names = others.prefix(shown).map { ($0 as NSString).lastPathComponent }
    return "\(counted(others.count, "file")) in the folders not looked at, by the end of the name: "
      + names.joined(separator: ", ") + (others.count > shown ? ", …" : "")
      + "; a video among them is read when it is named itself"
  }

  /// Keeps the footage, and where its boxes are, for the run folder.
  mutating func keep(_ items: [FootageItem], of extraction: FootageExtraction) {
    inputs.footage = items.map {
      .init(
        path: $0.path, name: $0.name, kind: $0.kind, problem: $0.problem,
        boxes: extraction.boxPath(of: $0))
    }
  }

  /// What became of the footage, when a resumed run has all its crops; then it may be gone.
  ///
  /// - Throws: `ExtractionError` or `DetectionError` if footage that is yet to be read, or its boxes,
  ///   are not there.
  func outcomesOfCompleteStore(
    _ items: [FootageItem], of extraction: FootageExtraction
  ) throws -> [VideoOutcome]? {
    let store = cropStore
    if let outcomes = store.flatMap({ extraction.outcomes(of: items, in: $0) }) { return outcomes }
    let boxes = (inputs.footage ?? []).compactMap { item in item.boxes.map { (item.name, $0) } }
    try extraction.check(
      items, boxes: Dictionary(boxes) { first, _ in first }, in: store)
    return nil
  }

  /// The crops that a resumed run has; nil where there are none.
  var cropStore: CropStore? {
    // A store that cannot be opened is an error of the extraction, which says why.
    isResumed ? try? CropStore(directory: RunFolder(url: folder).crops) : nil
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
