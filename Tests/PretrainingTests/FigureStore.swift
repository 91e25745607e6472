import Backbones
import Datasets
import Foundation
import Gradients
import Images
import Layers
import Pretraining
import Recipes
import Storage
import Tensors
import Training

/// A crop store of drawn figures whose identities are known, a tiny recipe for it, and runs of both.
final class FigureStore {
  let folder: URL
  let source: CropSource

  /// Writes `videos` videos of `frames` frames, a tenth of a second apart, with `persons` figures each.
  init(videos: Int = 2, frames: Int = 8, persons: Int = 3) throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("figures-\(UUID())")
    let writer = try CropStoreWriter(
      directory: folder, settings: CropStoreSettings(cropWidth: 32, cropHeight: 64))
    var random = RandomStream(seed: 77)
    for video in 0..<videos {
      let name = "video-\(video).mp4"
      writer.begin(video: name)
      for frame in 0..<frames {
        for person in 0..<persons {
          let identity = video * persons + person
          let record = CropRecord(
            video: name, clip: 0, frame: frame, timestamp: Int64(frame),
            seconds: Double(frame) / 10,
            box: Rectangle(left: 0, top: 0, width: 32, height: 64), frameWidth: 320,
            frameHeight: 240, confidence: 1, identity: identity)
          try writer.append(record, image: Self.figure(identity, random: &random))
        }
      }
      try writer.finish(frames: frames)
    }
    source = CropSource(try CropStore(directory: folder))
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  /// A head, a coat and trousers whose colours tell the identity, with some noise.
  private static func figure(_ identity: Int, random: inout RandomStream) -> Image {
    var colours = RandomStream(seed: 78).split(identity)
    let palette = (0..<4).map { _ in (0..<3).map { _ in colours.uniform(30...225) } }
    var pixels: [UInt8] = []
    let shift = random.integer(below: 5) - 2
    for y in 0..<64 {
      for x in 0..<32 {
        let across = abs(x - 16 - shift)
        let part =
          y < 14 && across < 6
          ? 1
          : y >= 14 && y < 38 && across < 11
            ? 2
            : y >= 38 && across < 8
              ? 3 : 0
        for channel in 0..<3 {
          let value = palette[part][channel] + random.uniform(-8...8)
          pixels.append(UInt8(min(max(value, 0), 255)))
        }
      }
    }
    return Image(width: 32, height: 64, pixels: pixels)
  }

  /// The smallest recipe that does all that a large one does.
  static var recipe: PretrainingRecipe {
    var recipe = PretrainingRecipe()
    recipe.model.imageHeight = 64
    recipe.model.imageWidth = 32
    recipe.model.embedding = 16
    recipe.simmim.steps = 3
    recipe.simmim.batch = 4
    recipe.simmim.maskUnit = 16
    recipe.isr.steps = 3
    recipe.isr.pairsPerBatch = 2
    recipe.isr.gapMinimum = 0.1
    recipe.isr.gapMaximumStart = 0.3
    recipe.isr.gapMaximumEnd = 0.5
    return recipe
  }

  static var extent: Extent { Extent(height: 64, width: 32) }

  /// An untrained model; the seed is that of its weights.
  static func model(seed: UInt64 = 1, width: Int = 4) -> PretrainingModel {
    PretrainingModel(
      backbone: SmallConvolutionNetwork(
        width: width, image: extent, random: RandomStream(seed: seed)), embedding: 16,
      random: RandomStream(seed: seed))
  }

  func trainer(
    _ recipe: PretrainingRecipe, model: PretrainingModel = FigureStore.model()
  ) throws -> PretrainingTrainer {
    try PretrainingTrainer(
      recipe: recipe, source: source, model: model, preprocessing: .imageNet)
  }

  /// What `config.json` of a checkpoint says; nothing in these tests reads it.
  static let configuration = ModelConfiguration(
    architecture: "convnet_small", numFeatures: 32, globalPool: "avg", modelArgs: .init(),
    pretrainedCfg: .init(inputSize: [3, 64, 32], mean: [0, 0, 0], std: [1, 1, 1]),
    swiftVision: .init(embedding: 16, origin: "test"))
}

extension PretrainingTrainer {
  /// Trains until the step, or to the end.
  @discardableResult
  func run(until end: Int = .max) throws -> [StepReport] {
    var reports: [StepReport] = []
    while !isFinished, step < end { reports.append(try advance()) }
    return reports
  }

  /// Every weight and every statistic, by path.
  var weights: [String: Tensor] {
    var result: [String: Tensor] = [:]
    for (path, parameter) in model.parameters { result[path] = parameter.value }
    for (path, buffer) in model.buffers { result[path] = buffer.value }
    return result
  }
}
