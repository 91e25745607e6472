import Gradients
import Layers
import Optimizers
import Tensors
import Testing

/// Operations and the optimizer against PyTorch in double precision.
struct RecordedOperationTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let name: String
    let inputs: [Tensor]
    let operation: @Sendable ([Variable]) -> Variable
    var testDescription: String { name }
  }

  static let cases: [Case] = [
    attention("attention", tokens: 7), attention("attention-bias", tokens: 7, hasBias: true),
    attention("attention-long", tokens: 150),
    convolution("convolution", [2, 6, 5, 4], 6),
    convolution("convolution-strided", [2, 7, 6, 3], 5, stride: 2),
    convolution("convolution-grouped", [2, 6, 5, 4], 6, stride: 2, groups: 2),
    convolution("convolution-depthwise", [2, 6, 5, 4], 4, groups: 4),
    convolution("convolution-stem", [1, 12, 9, 3], 8, kernel: 7, stride: 2, padding: 3),
    convolution(
      "convolution-pointwise-strided", [2, 5, 6, 4], 3, kernel: 1, stride: 2, padding: 0),
    Case(
      name: "layer-normalisation",
      inputs: [noise(940, [3, 4, 24], scale: 3), noise(941, [24]), noise(942, [24])]
    ) { $0[0].layerNormalized(scale: $0[1], shift: $0[2], epsilon: 1e-6) },
    Case(
      name: "batch-normalisation",
      inputs: [noise(950, [3, 4, 5, 6], scale: 3), noise(951, [6]), noise(952, [6])]
    ) { $0[0].channelNormalized(scale: $0[1], shift: $0[2], epsilon: 1e-5, groups: 1) },
    Case(name: "gaussian-error-linear", inputs: [noise(960, [4, 9], scale: 4)]) {
      $0[0].gaussianErrorLinear()
    },
    Case(name: "l2-normalisation", inputs: [noise(961, [4, 9], scale: 4)]) {
      $0[0].l2Normalized()
    },
    Case(name: "cross-entropy", inputs: [noise(962, [4, 9], scale: 4)]) {
      $0[0].crossEntropy(labels: [3, 0, 8, 5], smoothing: 0.1)
    },
    Case(name: "maximum-pooling", inputs: [noise(963, [2, 7, 6, 4])]) {
      $0[0].maximumPooled(Window(3, stride: 2, padding: 1))
    },
    Case(name: "pixel-shuffle", inputs: [noise(964, [1, 2, 3, 12])]) { $0[0].pixelShuffled(2) },
  ]

  private static func attention(_ name: String, tokens: Int, hasBias: Bool = false) -> Case {
    let bias = hasBias ? [noise(921, [1, 2, tokens, tokens])] : []
    return Case(name: name, inputs: [noise(920, [2, tokens, 30], scale: 2)] + bias) {
      $0[0].attention(heads: 2, scale: 0.5, bias: $0.count > 1 ? $0[1] : nil)
    }
  }

  private static func convolution(
    _ name: String, _ input: [Int], _ outputs: Int, kernel: Int = 3, stride: Int = 1,
    padding: Int = 1, groups: Int = 1
  ) -> Case {
    let weight = noise(931, [outputs, input[3] / groups, kernel, kernel])
    return Case(name: name, inputs: [noise(930, input), weight, noise(932, [outputs])]) {
      $0[0].convolved(
        weight: $0[1], bias: $0[2], stride: stride, padding: padding, groups: groups)
    }
  }

  @Test(arguments: cases)
  func `equals PyTorch forward and backward`(_ example: Case) throws {
    let golden = try Golden("operations")
    let tape = Tape()
    let leaves = example.inputs.map { tape.leaf($0) }
    let output = example.operation(leaves)
    tape.backward(from: output, seed: noise(999, output.shape))
    try golden.expect(output.value, equals: "\(example.name).output", within: 1e-5)
    for (index, leaf) in leaves.enumerated() {
      let gradient = try #require(tape.gradient(of: leaf))
      try golden.expect(gradient, equals: "\(example.name).gradient\(index)", within: 1e-4)
    }
  }

  @Test(arguments: ["plain", "clipped"])
  func `AdamW equals PyTorch over three steps`(_ name: String) throws {
    let golden = try Golden("adamw")
    let matrix = Parameter(noise(970, [4, 3]))
    let vector = Parameter(noise(971, [5]))
    #expect(matrix.decays && !vector.decays)
    let isClipped = name == "clipped"
    let optimizer = AdamW(
      [("matrix", matrix), ("vector", vector)], beta1: isClipped ? 0.8 : 0.9,
      beta2: isClipped ? 0.95 : 0.999, epsilon: isClipped ? 1e-6 : 1e-8, weightDecay: 0.05)
    for step in 0..<3 {
      matrix.gradient = noise(980 + step, [4, 3])
      vector.gradient = noise(990 + step, [5])
      optimizer.update(rate: 0.01 * Float(step + 1), clip: isClipped ? 0.5 : nil)
      #expect(matrix.gradient == nil && vector.gradient == nil)
      try golden.expect(matrix.value, equals: "\(name).\(step).matrix", within: 1e-6)
      try golden.expect(vector.value, equals: "\(name).\(step).vector", within: 1e-6)
    }
  }
}
