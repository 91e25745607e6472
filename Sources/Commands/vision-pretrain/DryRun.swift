import Backbones
import CommandSupport
import Datasets
import Foundation
import Frames
import Layers
import Persons
import Pretraining
import Recipes
import Reports
import Tensors
import Training

/// Checks footage and settings and estimates; nothing that is written stays.
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
    /// Steps that a resumed run has done.
    let stepsDone: Int
    /// Seconds of the training that is left to do; nil when epochs are counted.
    let trainingSeconds: Double?
    let secondsPerStep: [String: Double]
    let peakMemoryMiB: Double
    let items: [Video]
  }

  let job: PretrainJob
  let interruption: Interruption

  /// Does the checks; ends between two videos or two steps when the person asks for it.
  func run(console: Console) throws -> Result {
    do {
      return try check(console: console)
    } catch is CancellationError {
      throw CommandFailure.interruptedDryRun
    }
  }

  private func check(console: Console) throws -> Result {
    let recipe = job.recipe
    if !job.isResumed { try RunFolder(url: job.folder).checkIsFree() }
    let findings = try job.footage()
    let items = findings.items
    let extraction = ExtractionBridge.extraction(of: job)
    _ = try job.outcomesOfCompleteStore(items, of: extraction)
    let stored = job.cropStore
    var table = TextTable(columns: [
      .init("video"), .init("codec"), .init("size"), .init("seconds", .right), .init("boxes"),
    ])
    var videos: [Result.Video] = []
    for item in items {
      if interruption.isRequested { throw CancellationError() }
      let video = known(item, in: stored) ?? inspect(item, extraction)
      videos.append(video)
      table.append([
        video.name, video.codec ?? (video.reason == nil ? "" : "unusable"),
        video.width.map { "\($0)x\(video.height ?? 0)" } ?? "",
        video.seconds.map { String(Int($0.rounded())) } ?? "", video.reason ?? video.boxes ?? "",
      ])
    }
    let extent = Extent(height: recipe.model.imageHeight, width: recipe.model.imageWidth)
    let made = try recipe.makeBackbone(random: RandomStream(seed: 0))
    try PretrainingTrainer.check(recipe, backbone: made.backbone)
    console.print(table.plain())
    if let notice = job.notice(of: findings, extraction) { console.print(notice) }
    let usable = videos.filter { $0.reason == nil }
    let seconds = usable.reduce(0) { $0 + ($1.seconds ?? 0) }
    console.print(
      "\(usable.count) of \(counted(videos.count, "video")) can be used, \(Int(seconds.rounded())) seconds of "
        + "footage, about \(Int((seconds * recipe.extraction.samplingRate).rounded())) frames to look at"
    )
    console.print(
      "Network: \(recipe.model.backbone) at \(extent.height)x\(extent.width), "
        + "\(made.backbone.parameterCount()) parameters, all trained")
    if let notice = recipe.transformerNotice { console.print(notice) }
    let steps = Self.steps(of: recipe)
    let probe = try StepProbe(recipe) { interruption.isRequested }
    let done = job.state?.step ?? 0
    let left =
      steps == nil
      ? nil
      : probe.seconds(of: PretrainingPlan(recipe: recipe, crops: 1, frames: 1), from: done)
    let memory = Double(probe.peakResidentBytes) / 1_048_576
    printEstimate(steps: steps, done: done, left: left, memory: memory, probe, console)
    console.print(
      "Dry run: nothing was written but the made-up crops, in a temporary file that is removed.")
    guard !usable.isEmpty else {
      let reason = videos.first?.reason ?? ""
      throw CommandFailure(
        .badData,
        videos.count == 1
          ? "The video cannot be used: \(reason.clause)."
          : "None of the \(videos.count) videos can be used; the first: \(reason.clause).")
    }
    return Result(
      videos: usable.count, skipped: videos.count - usable.count, footageSeconds: seconds,
      backbone: recipe.model.backbone, parameters: made.backbone.parameterCount(), steps: steps,
      stepsDone: done, trainingSeconds: left,
      secondsPerStep: Dictionary(
        uniqueKeysWithValues: probe.seconds.map { ($0.key.rawValue, $0.value) }),
      peakMemoryMiB: memory, items: videos)
  }

  private func printEstimate(
    steps: Int?, done: Int, left: Double?, memory: Double, _ probe: StepProbe, _ console: Console
  ) {
    func short(_ value: Double) -> String { NumberText.short(value) }
    let costs = probe.seconds.sorted { $0.key.rawValue < $1.key.rawValue }
      .map { "\($0.key.rawValue) \(short($0.value)) s" }.joined(separator: ", ")
    var line = "Training: objective \(job.recipe.schedule.objective.rawValue), "
    line += steps.map { counted($0, "step") } ?? "steps counted from the crops found"
    if done > 0 { line += ", of which \(done) are done" }
    if let left { line += "; about \(NumberText.duration(seconds: left)) are left" }
    console.print(line)
    console.print(
      "A step takes: \(costs); measured now on made-up crops, four persons a frame, "
        + "\(counted(job.threads, "thread"))")
    console.print(
      "Memory: about \(Int(memory.rounded())) MiB, and up to \(CropSource.defaultLimitBytes >> 20) MiB "
        + "for decoded crops, whatever the length of the footage")
  }

  /// A video whose crops a resumed run has already; it need not exist any more.
  private func known(_ item: FootageItem, in store: CropStore?) -> Result.Video? {
    guard let summary = store?.videos.first(where: { $0.name == item.name }) else { return nil }
    return Result.Video(
      name: item.name, codec: nil, width: nil, height: nil, seconds: nil,
      boxes: "\(summary.crops) crops are cut already",
      reason: summary.outcome == .skipped ? summary.reason : nil)
  }

  private func inspect(_ item: FootageItem, _ extraction: FootageExtraction) -> Result.Video {
    do throws(VideoError) {
      let reader = try VideoReader(
        path: item.path, numberedFrameRate: job.recipe.extraction.numberedFrameRate)
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
