import Backbones
import CommandSupport
import Foundation
import Frames
import Layers
import Persons
import Pretraining
import Recipes
import Reports
import Tensors
import Training

/// Checks footage and settings and estimates, without writing anything.
struct DryRun {
  struct Result: Encodable {
    struct Video: Encodable {
      let name: String
      let codec: String?
      let width: Int?
      let height: Int?
      let seconds: Double?
      let boxes: String?
      let reason: String?
    }

    let dryRun = true
    let videos: Int
    let skipped: Int
    let footageSeconds: Double
    let backbone: String
    let parameters: Int
    let steps: Int?
    let items: [Video]
  }

  let job: PretrainJob

  func run(console: Console) throws -> Result {
    let recipe = job.recipe
    if !job.isResumed { try RunFolder(url: job.folder).checkIsFree() }
    let items = try job.footage()
    let extraction = ExtractionBridge.extraction(of: job)
    try extraction.check(items)
    var table = TextTable(columns: [
      .init("video"), .init("codec"), .init("size"), .init("seconds", .right), .init("boxes"),
    ])
    var videos: [Result.Video] = []
    for item in items {
      let video = inspect(item, extraction)
      videos.append(video)
      table.append([
        video.name, video.codec ?? "unusable",
        video.width.map { "\($0)x\(video.height ?? 0)" } ?? "",
        video.seconds.map { String(Int($0.rounded())) } ?? "", video.reason ?? video.boxes ?? "",
      ])
    }
    let extent = Extent(height: recipe.model.imageHeight, width: recipe.model.imageWidth)
    let made = try ModelFolder.makeBackbone(
      named: recipe.model.backbone, extent: extent, random: RandomStream(seed: 0))
    try PretrainingTrainer.check(recipe, backbone: made.backbone)
    console.print(table.plain())
    let usable = videos.filter { $0.reason == nil }
    let seconds = usable.reduce(0) { $0 + ($1.seconds ?? 0) }
    console.print(
      "\(usable.count) of \(counted(videos.count, "video")) can be used, \(Int(seconds.rounded())) seconds of "
        + "footage, about \(Int((seconds * recipe.extraction.samplingRate).rounded())) frames to look at"
    )
    console.print(
      "Network: \(recipe.model.backbone) at \(extent.height)x\(extent.width), "
        + "\(made.backbone.parameterCount()) parameters, all trained")
    let steps = Self.steps(of: recipe)
    console.print(
      "Training: objective \(recipe.schedule.objective.rawValue), "
        + (steps.map { counted($0, "step") } ?? "steps counted from the crops found")
        + "; the recipe \(recipe.base.rawValue) takes about \(recipe.base.expectedMinutes) minutes on "
        + "2 cores")
    console.print("Dry run: nothing was written.")
    guard !usable.isEmpty else {
      let reason = videos.first?.reason ?? ""
      throw CommandFailure(
        .badData,
        videos.count == 1
          ? "The video cannot be used: \(reason)"
          : "None of the \(videos.count) videos can be used; the first: \(reason)")
    }
    return Result(
      videos: usable.count, skipped: videos.count - usable.count, footageSeconds: seconds,
      backbone: recipe.model.backbone, parameters: made.backbone.parameterCount(), steps: steps,
      items: videos)
  }

  private func inspect(_ item: FootageItem, _ extraction: FootageExtraction) -> Result.Video {
    do throws(VideoError) {
      let reader = try VideoReader(path: item.path)
      let information = reader.information
      guard try reader.next() != nil else {
        throw VideoError.noFrames(path: item.path, reason: "no frame can be decoded")
      }
      let boxes = extraction.boxes(of: item)
      return Result.Video(
        name: item.name, codec: information.codec, width: information.width,
        height: information.height, seconds: information.durationSeconds, boxes: boxes.source,
        reason: boxes.problem)
    } catch {
      return Result.Video(
        name: item.name, codec: nil, width: nil, height: nil, seconds: nil, boxes: nil,
        reason: error.description)
    }
  }

  /// Steps of all stages when the recipe counts steps; `nil` when it counts epochs.
  private static func steps(of recipe: PretrainingRecipe) -> Int? {
    let objective = recipe.schedule.objective
    if objective.includesMasking, recipe.simmim.epochs > 0 { return nil }
    if objective.includesPairs, recipe.isr.epochs > 0 { return nil }
    return PretrainingPlan(recipe: recipe, crops: 1, frames: 1).totalSteps
  }
}
