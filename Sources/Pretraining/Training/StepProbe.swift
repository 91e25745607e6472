import Backbones
import Datasets
import Foundation
import Images
public import Recipes
import Tensors
import Training

/// What the steps of a recipe cost on this machine, measured by a few of them on made-up crops.
///
/// The steps are those of the trainer itself, from the decoding of crops to the update of the weights.
/// Four persons are taken to stand in every frame. The crops lie in a temporary file that has lost its
/// name before the first step, so that the system frees it however the process ends; only an end
/// without warning in the moment in which it is written leaves the temporary folder behind.
public struct StepProbe: Sendable {
  /// Seconds of a step, by what it learns.
  public private(set) var seconds: [PretrainingPlan.Objective: Double] = [:]
  /// Largest resident set of the process after the steps, in bytes.
  public private(set) var peakResidentBytes = 0

  private static let personsPerFrame = 4

  /// Runs two steps of every stage; the first only warms up.
  ///
  /// - Parameters:
  ///   - recipe: what is trained.
  ///   - isCancelled: asked between steps, and while crops are made up.
  /// - Throws: `ModelReferenceError` or ``PretrainingError`` where the recipe suits no network;
  ///   `CancellationError` if cancelled.
  public init(
    _ recipe: PretrainingRecipe, isCancelled: () -> Bool = { false }
  ) throws {
    var short = recipe
    short.simmim.steps = 2
    short.isr.steps = 2
    short.optimizer.gradientAccumulation = 1
    short.isr.gapMinimum = 0
    short.isr.gapMaximumStart = 1
    short.isr.gapMaximumEnd = 1
    let random = RandomStream(seed: 0)
    let made = try recipe.makeBackbone(random: random)
    let trainer = try PretrainingTrainer(
      recipe: short, source: CropSource(try Self.store(for: recipe, isCancelled: isCancelled)),
      model: PretrainingModel(
        backbone: made.backbone, embedding: recipe.model.embedding,
        normalizingEmbedding: recipe.model.embeddingNormalization == .batch, random: random),
      preprocessing: made.entry.preprocessing)
    while !trainer.isFinished {
      if isCancelled() { throw CancellationError() }
      let start = ContinuousClock.now
      let report = try trainer.advance()
      seconds[report.objective] = (ContinuousClock.now - start) / .seconds(1)
    }
    peakResidentBytes = Compute.peakResidentBytes
    for objective in [PretrainingPlan.Objective.simmim, .joint] {
      seconds[objective]? *= Double(recipe.optimizer.gradientAccumulation)
    }
  }

  /// Seconds of all steps of a plan from step `first` on.
  public func seconds(of plan: PretrainingPlan, from first: Int = 0) -> Double {
    plan.stages.reduce(0) { sum, stage in
      let left = stage.start + stage.steps - max(first, stage.start)
      return sum + Double(max(left, 0)) * (seconds[stage.objective] ?? 0)
    }
  }

  /// Crops of noise, enough for the largest batch, in files that are open but have no name any more.
  private static func store(
    for recipe: PretrainingRecipe, isCancelled: () -> Bool
  ) throws -> CropStore {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("vision-probe-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    let (width, height) = (recipe.model.imageWidth, recipe.model.imageHeight)
    let writer = try CropStoreWriter(
      directory: folder, settings: CropStoreSettings(cropWidth: width, cropHeight: height))
    var random = RandomStream(seed: 0).split("probe")
    let pictures = try (0..<8).map { _ in
      try Image(
        width: width, height: height,
        pixels: (0..<width * height * 3).map { _ in UInt8(random.integer(below: 256)) }
      ).encodedJPEG()
    }
    let frames = max(
      2 * recipe.isr.pairsPerBatch, (recipe.simmim.batch + personsPerFrame - 1) / personsPerFrame)
    writer.begin(video: "probe")
    for frame in 0..<frames {
      if isCancelled() { throw CancellationError() }
      for person in 0..<personsPerFrame {
        let record = CropRecord(
          video: "probe", clip: 0, frame: frame, timestamp: Int64(frame),
          seconds: Double(frame) / recipe.extraction.samplingRate,
          box: Rectangle(left: 0, top: 0, width: Double(width), height: Double(height)),
          frameWidth: width, frameHeight: height, confidence: 1)
        try writer.append(record, jpeg: pictures[(frame + person) % pictures.count])
      }
    }
    try writer.finish(frames: frames)
    // Reading opens every shard.
    for crop in 0..<writer.store.count { _ = try writer.store.jpeg(at: crop) }
    return writer.store
  }
}
