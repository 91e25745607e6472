import Gradients
import Layers
import Tensors
import Testing

struct NormalizationTests {
  private let input = Tensor([1, 10, 3, 20, 5, 60, 7, 30], shape: [2, 2, 1, 2])

  private func buffer(_ name: String, of layer: BatchNormalization) -> [Float] {
    layer.buffers.first { $0.path == name }?.buffer.value.values ?? []
  }

  private func expectClose(
    _ found: [Float], _ expected: [Float], sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(found.count == expected.count, sourceLocation: sourceLocation)
    for (a, b) in zip(found, expected) {
      #expect(abs(a - b) <= 1e-4 * max(1, abs(b)), "\(a) \(b)", sourceLocation: sourceLocation)
    }
  }

  @Test func `training uses the batch and moves the averages by its unbiased variance`() {
    let layer = BatchNormalization(2, epsilon: 0)
    let context = ForwardContext.training(random: RandomStream(seed: 0))
    let output = layer(Variable(input), in: context).value.values
    // Channel 0: mean 4, variance 5; channel 1: mean 30, variance 350.
    expectClose(
      stride(from: 0, to: 8, by: 2).map { output[$0] }, [-3, -1, 1, 3].map { $0 / 2.2360680 })
    expectClose(buffer("running_mean", of: layer), [0.4, 3])
    expectClose(buffer("running_var", of: layer), [0.9 + 5 * 4 / 30, 0.9 + 350 * 4 / 30])
    #expect(buffer("num_batches_tracked", of: layer) == [1])
  }

  @Test func `a preview uses the batch and changes nothing`() {
    let layer = BatchNormalization(2)
    let trained = layer(
      Variable(input), in: .training(random: RandomStream(seed: 0))
    ).value
    let (mean, variance) = (buffer("running_mean", of: layer), buffer("running_var", of: layer))
    let previewed = layer(Variable(input), in: .preview(random: RandomStream(seed: 0)))
    #expect(previewed.value == trained && !previewed.isTracked)
    #expect(buffer("running_mean", of: layer) == mean)
    #expect(buffer("running_var", of: layer) == variance)
    #expect(buffer("num_batches_tracked", of: layer) == [1])
  }

  @Test func `evaluation uses the averages, whether it is recorded or not`() {
    let layer = BatchNormalization(2, epsilon: 0)
    for _ in 0..<3 { _ = layer(Variable(input), in: .training(random: RandomStream(seed: 0))) }
    let (mean, variance) = (buffer("running_mean", of: layer), buffer("running_var", of: layer))
    for context in [ForwardContext.inference(), .recordedInference()] {
      let output = layer(Variable(input), in: context).value.values
      expectClose(
        output,
        input.values.enumerated().map { ($1 - mean[$0 % 2]) / variance[$0 % 2].squareRoot() })
    }
    #expect(buffer("running_mean", of: layer) == mean)
    // In recorded evaluation the statistics are constants of the gradient.
    let context = ForwardContext.recordedInference()
    let tape = context.tape
    let leaf = tape?.leaf(input)
    if let leaf, let tape {
      tape.backward(from: layer(leaf, in: context).summed())
      expectClose(
        tape.gradient(of: leaf)?.values ?? [],
        (0..<8).map { 1 / variance[$0 % 2].squareRoot() })
    }
    #expect(leaf != nil)
  }

  @Test func `residual and ReLU act after the normalisation`() {
    let layer = BatchNormalization(2, epsilon: 0)
    let residual = Tensor(repeating: 0.5, shape: input.shape)
    let plain = layer(Variable(input), in: .preview(random: RandomStream(seed: 0))).value.values
    let joined = layer(
      Variable(input), residual: Variable(residual), rectifying: true,
      in: .preview(random: RandomStream(seed: 0))
    ).value.values
    expectClose(joined, plain.map { max($0 + 0.5, 0) })
  }

  @Test func `instance normalisation treats every picture alone, in training and evaluation`() {
    let layer = InstanceNormalization(2, epsilon: 0)
    let expected: [Float] = [-1, -1, 1, 1, -1, 1, 1, -1]
    for context in [ForwardContext.inference(), .training(random: RandomStream(seed: 0))] {
      expectClose(layer(Variable(input), in: context).value.values, expected)
    }
  }

  @Test func `layer normalisation gives every line mean 0 and variance 1`() {
    let layer = LayerNormalization(4, epsilon: 0)
    let output = layer(
      Variable(Tensor([1, 2, 3, 4, -10, 0, 10, 20], shape: [2, 4])), in: .inference()
    ).value.values
    let line: [Float] = [-1.3416408, -0.4472136, 0.4472136, 1.3416408]
    expectClose(output, line + line)
  }

  @Test func `large means do not spoil the variance`() {
    var random = RandomStream(seed: 42)
    let noise = random.normal(shape: [4, 8, 8, 3], deviation: 1)
    let shifted = Tensor(noise.values.map { $0 + 4096 }, shape: noise.shape)
    let layer = BatchNormalization(3)
    let (a, b) = (
      layer(Variable(noise), in: .preview(random: random)).value.values,
      layer(Variable(shifted), in: .preview(random: random)).value.values
    )
    // 4096 leaves 2^-11 of resolution for each value.
    #expect((zip(a, b).map { abs($0 - $1) }.max() ?? 1) < 2e-3)
  }
}
