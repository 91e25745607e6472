import Backbones
import Gradients
import Layers
import Losses
import Optimizers
import Pretraining
import Tensors
import Testing

/// Training steps whose shapes repeat take their memory from the step before.
struct SteadyMemoryTests {
  /// Trains for a few steps; stops the process where a later step takes memory from the system.
  private static func train(_ model: any Backbone, pictures: Tensor) {
    train(model) { context in
      let features = model.features(of: Variable(pictures), in: context)
      return (features * features).mean()
    }
  }

  private static func train(_ model: any Module, loss: (ForwardContext) -> Variable) {
    // One thread: with more, chance decides how many scratch buffers are in use at once.
    Compute.configure(threads: 1)
    let optimizer = AdamW(model.parameters)
    var allocations = 0
    for step in 0..<6 {
      let context = ForwardContext.training(random: RandomStream(seed: 1).split(step))
      context.backward(from: loss(context))
      optimizer.update(rate: 1e-4, clip: 1)
      if step == 2 { allocations = Compute.systemAllocations }
    }
    guard Compute.systemAllocations == allocations else {
      preconditionFailure("\(Compute.systemAllocations - allocations) buffers in steady steps")
    }
  }

  @Test func `a vision transformer`() async {
    await #expect(processExitsWith: .success) {
      let model = VisionTransformer(
        .init(
          image: Extent(height: 32, width: 16), patch: 8, width: 24, depth: 3, heads: 3,
          dropPath: 0.2), random: RandomStream(seed: 0))
      Self.train(model, pictures: noise(0, [3, 32, 16, 3]))
    }
  }

  @Test func `a transformer with relative positions`() async {
    await #expect(processExitsWith: .success) {
      let model = VisionTransformer(
        .relative(image: Extent(height: 16, width: 16), patch: 4, width: 24, depth: 2, heads: 3),
        random: RandomStream(seed: 0))
      Self.train(model, pictures: noise(0, [2, 16, 16, 3]))
    }
  }

  @Test func `a convolutional network`() async {
    await #expect(processExitsWith: .success) {
      let model = SmallConvolutionNetwork(
        width: 4, image: Extent(height: 32, width: 32), random: RandomStream(seed: 0))
      Self.train(model, pictures: noise(0, [3, 32, 32, 3]))
    }
  }

  @Test func `a restoration network`() async {
    await #expect(processExitsWith: .success) {
      let model = NAFNet(
        .init(width: 8, encoders: [1, 1], middle: 1, decoders: [1, 1]),
        random: RandomStream(seed: 0))
      let pictures = noise(0, [2, 16, 16, 3])
      Self.train(model) { context in
        RestorationLoss.absolute(
          model.restored(Variable(pictures), in: context), target: pictures)
      }
    }
  }

  @Test func `masked modelling`() async {
    await #expect(processExitsWith: .success) {
      let extent = Extent(height: 32, width: 32)
      let model = PretrainingModel(
        backbone: VisionTransformer(
          .init(image: extent, patch: 8, width: 24, depth: 2, heads: 3),
          random: RandomStream(seed: 0)), embedding: 8, random: RandomStream(seed: 0))
      let pictures = noise(0, [3, 32, 32, 3])
      let generator = MaskGenerator(image: extent, unit: 16, ratio: 0.5)
      Self.train(model) { context in
        let masks = (0..<3).map { _ in generator.mask(random: &context.random) }
        let pixels = masks.flatMap { generator.expanded($0, stride: 1) }
        return MaskedReconstruction()(
          model.reconstruction(
            of: Variable(pictures), mask: masks.flatMap { generator.expanded($0, stride: 8) },
            in: context), target: pictures,
          mask: Tensor(pixels.map { $0 ? 1 : 0 }, shape: [pixels.count]))
      }
    }
  }

  @Test func `contrast of pairs`() async {
    await #expect(processExitsWith: .success) {
      let model = PretrainingModel(
        backbone: SmallConvolutionNetwork(
          width: 8, image: Extent(height: 32, width: 32), random: RandomStream(seed: 0)),
        embedding: 8, random: RandomStream(seed: 0))
      let pictures = noise(0, [4, 32, 32, 3])
      let batch = PairBatch(frame: [0, 0, 1, 1], clip: [0, 0, 0, 0], pairs: [(0, 2), (1, 3)])
      Self.train(model) { context in
        PairContrast()(model.embeddings(of: Variable(pictures), in: context), batch: batch).loss
      }
    }
  }
}
