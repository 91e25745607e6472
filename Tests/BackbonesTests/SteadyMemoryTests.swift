import Backbones
import Gradients
import Layers
import Optimizers
import Tensors
import Testing

/// Training steps whose shapes repeat take their memory from the step before.
struct SteadyMemoryTests {
  /// Trains for a few steps; stops the process where a later step takes memory from the system.
  private static func train(_ model: any Backbone, pictures: Tensor) {
    // One thread: with more, chance decides how many scratch buffers are in use at once.
    Compute.configure(threads: 1)
    let optimizer = AdamW(model.parameters)
    var allocations = 0
    for step in 0..<6 {
      let context = ForwardContext.training(random: RandomStream(seed: 1).split(step))
      let features = model.features(of: Variable(pictures), in: context)
      context.backward(from: (features * features).mean())
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
}
