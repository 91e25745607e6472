import Backbones
import Gradients
import Layers
import Tensors
import Testing

/// Blocks that are computed again give the same bits and take less memory.
struct CheckpointingTests {
  private struct Pass {
    var output: Tensor
    var gradients: [String: Tensor] = [:]
    var buffers: [String: Tensor] = [:]
  }

  private func pass(
    _ make: () -> any Module, checkpointing: Bool, rounds: Int = 2,
    _ run: (any Module, ForwardContext) -> Variable
  ) -> Pass {
    let model = make()
    var output = Tensor(0)
    // The second round adds to the gradients of the first.
    for round in 0..<rounds {
      let context = ForwardContext.training(
        random: RandomStream(seed: 5).split(round), checkpointing: checkpointing)
      let result = run(model, context)
      output = result.value
      context.backward(from: (result * result).mean())
    }
    var pass = Pass(output: output)
    for (path, parameter) in model.parameters { pass.gradients[path] = parameter.gradient }
    for (path, buffer) in model.buffers { pass.buffers[path] = buffer.value }
    return pass
  }

  private func expectSame(
    _ make: () -> any Module, _ run: (any Module, ForwardContext) -> Variable
  ) {
    let plain = pass(make, checkpointing: false, run)
    let checkpointed = pass(make, checkpointing: true, run)
    #expect(plain.output == checkpointed.output)
    #expect(!plain.gradients.isEmpty)
    #expect(plain.gradients == checkpointed.gradients)
    #expect(plain.buffers == checkpointed.buffers)
  }

  private func features(_ shape: [Int]) -> (any Module, ForwardContext) -> Variable {
    { model, context in
      guard let model = model as? any Backbone else { return Variable(Tensor(0)) }
      return model.features(of: Variable(noise(1, shape)), in: context)
    }
  }

  @Test func `a transformer with drop path and shared relative positions`() {
    var configuration = VisionTransformer.Configuration.relative(
      image: Extent(height: 16, width: 16), patch: 4, width: 24, depth: 3, heads: 3)
    configuration.dropPath = 0.4
    expectSame(
      { VisionTransformer(configuration, random: RandomStream(seed: 0)) }, features([2, 16, 16, 3]))
  }

  @Test func `residual networks with batch statistics`() {
    expectSame(
      {
        SmallConvolutionNetwork(
          width: 8, image: Extent(height: 32, width: 32), random: RandomStream(seed: 0))
      }, features([3, 32, 32, 3]))
    expectSame(
      {
        FaceResNet(
          blocks: [1, 1, 1, 1], features: 16, image: Extent(height: 32, width: 32),
          random: RandomStream(seed: 0))
      }, features([2, 32, 32, 3]))
  }

  @Test func `a restoration network`() {
    expectSame({
      NAFNet(
        .init(width: 8, encoders: [1, 1], middle: 1, decoders: [1, 1]),
        random: RandomStream(seed: 0))
    }) { model, context in
      guard let model = model as? NAFNet else { return Variable(Tensor(0)) }
      return model.restored(Variable(noise(1, [2, 16, 16, 3])), in: context)
    }
  }

  @Test func `frozen blocks stay constants`() {
    let model = VisionTransformer(
      .init(image: Extent(height: 16, width: 16), patch: 4, width: 24, depth: 2, heads: 3),
      random: RandomStream(seed: 0))
    for (_, parameter) in model.parameters { parameter.isTrainable = false }
    let context = ForwardContext.training(random: RandomStream(seed: 1), checkpointing: true)
    #expect(!model.features(of: Variable(noise(1, [1, 16, 16, 3])), in: context).isTracked)
  }

  private static func peak(checkpointing: Bool) -> Int {
    let model = VisionTransformer(
      .init(image: Extent(height: 64, width: 64), patch: 8, width: 48, depth: 8, heads: 3),
      random: RandomStream(seed: 0))
    let before = Compute.peakBufferBytes
    let context = ForwardContext.training(
      random: RandomStream(seed: 1), checkpointing: checkpointing)
    let output = model.features(of: Variable(noise(1, [4, 64, 64, 3])), in: context)
    context.backward(from: (output * output).mean())
    return Compute.peakBufferBytes - before
  }

  @Test func `eight blocks take less than half of the memory`() async {
    await #expect(processExitsWith: .success) {
      // The smaller one first: the peak is that of the process.
      let checkpointed = Self.peak(checkpointing: true)
      let plain = checkpointed + Self.peak(checkpointing: false)
      guard 2 * checkpointed < plain else {
        preconditionFailure("\(checkpointed) bytes instead of \(plain)")
      }
    }
  }
}
