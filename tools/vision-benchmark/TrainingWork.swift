import Backbones
import Gradients
import Layers
import Losses
import Metrics
import Optimizers
import Pretraining
import Recipes
import Tensors

/// The steps of pretraining as the trainer makes them, on random pictures that lie ready.
///
/// Forward, loss, backward, gradient norm and AdamW; no decoding and no augmentation.
struct TrainingWork {
  private let entry: BackboneCatalog.Entry
  private let extent: Extent
  private let model: PretrainingModel
  private let random = RandomStream(seed: 1)

  /// `shape` makes a network of the same kind smaller.
  init(_ name: String, height: Int, width: Int, shape: BackboneOptions = .init()) throws {
    extent = Extent(height: height, width: width)
    guard let entry = BackboneCatalog.entry(named: name) else {
      throw BenchmarkError.unknownBackbone(name)
    }
    var options = shape
    options.image = extent
    let made = try entry.make(options, random: random.split("weights"))
    guard let backbone = made as? any MaskableBackbone else {
      throw BenchmarkError.unknownBackbone(name)
    }
    self.entry = entry
    model = PretrainingModel(
      backbone: backbone, embedding: 128, random: random)
  }

  private func images(_ count: Int, _ purpose: String) -> Tensor {
    // A repeated block of normal numbers: drawing millions of them would take longer than the steps.
    var stream = random.split(purpose)
    let block = (0..<8191).map { _ in stream.normal() }
    let size = count * extent.height * extent.width * 3
    return Tensor(
      (0..<size).map { block[$0 % block.count] }, shape: [count, extent.height, extent.width, 3])
  }

  /// SimMIM: squares of 32 pixels, 60 % hidden, L1 on what was hidden.
  func maskedSteps(batch: Int) -> Figure.Prepared {
    let optimizer = AdamW(model.parameters)
    let images = images(batch, "images")
    let generator = MaskGenerator(image: extent, unit: 32, ratio: 0.6)
    var stream = random.split("masks")
    let masks = (0..<batch).map { _ in generator.mask(random: &stream) }
    let (model, random) = (model, random)
    let head = 3 * extent.height * extent.width * model.backbone.featureWidth
    var floor = TrainingFloor(model: model, name: entry.name, extent: extent)
    floor.train(images: batch, extraMultiplyAccumulates: head)
    return .init(work: Double(batch), floor: floor.total) {
      let context = ForwardContext.training(random: random.split("step"))
      let cells = masks.flatMap { generator.expanded($0, stride: model.backbone.maskStride) }
      let pixels = masks.flatMap { generator.expanded($0, stride: 1) }
      let output = model.reconstruction(of: Variable(images), mask: cells, in: context)
      let loss = MaskedReconstruction()(
        output, target: images, mask: Tensor(pixels.map { $0 ? 1 : 0 }, shape: [pixels.count]))
      try finish(loss, context, optimizer, clip: 5)
    }
  }

  /// ISR: matching on one view without gradients, contrast of the matched pairs on another.
  func pairedSteps(pairs: Int, crops: Int) -> Figure.Prepared {
    let optimizer = AdamW(model.parameters)
    let count = 2 * pairs * crops
    let (clean, varied) = (images(count, "clean"), images(count, "varied"))
    let framePairs = (0..<pairs).map { pair in
      let start = 2 * pair * crops
      return FramePair(
        first: Array(start..<start + crops), second: Array(start + crops..<start + 2 * crops),
        gap: 0.5)
    }
    let (model, random) = (model, random)
    let head = model.embeddingWidth * model.backbone.featureWidth
    var floor = TrainingFloor(model: model, name: entry.name, extent: extent)
    floor.infer(images: count, extraMultiplyAccumulates: head)
    floor.train(images: count, extraMultiplyAccumulates: head)
    return .init(work: Double(count), floor: floor.total) {
      let preview = ForwardContext.preview(random: random.split("preview"))
      let view = model.embeddings(of: Variable(clean), in: preview).value
      let context = ForwardContext.training(random: random.split("step"))
      let embeddings = model.embeddings(of: Variable(varied), in: context)
      let matched = try PairMiner(.hungarian).batch(view, framePairs: framePairs)
      let result = PairContrast()(embeddings, batch: matched)
      try finish(result.loss, context, optimizer, clip: 1)
    }
  }

  /// Pooled features, nothing recorded.
  func inference(batch: Int) -> Figure.Prepared {
    let images = images(batch, "images")
    var floor = TrainingFloor(model: model, name: entry.name, extent: extent)
    floor.infer(images: batch)
    let backbone = model.backbone
    return .init(work: Double(batch), floor: floor.total) {
      let features = backbone.features(of: Variable(images), in: .inference())
      guard features.value[0].isFinite else { throw BenchmarkError.notFinite }
    }
  }

  private func finish(
    _ loss: Variable, _ context: ForwardContext, _ optimizer: AdamW, clip: Float
  ) throws {
    context.backward(from: loss)
    // The trainer looks at the norm before it lets the optimizer use it.
    guard loss.value.scalar.isFinite, optimizer.gradientNorm.isFinite else {
      throw BenchmarkError.notFinite
    }
    optimizer.update(rate: 1e-4, clip: clip)
  }
}
