import Gradients
import Tensors
import Testing

/// Statistics of four channels that a normalisation is given.
private let fixedStatistics = ChannelStatistics(
  mean: Tensor([0.1, -0.2, 0, 0.3], shape: [4]), variance: Tensor([1, 2, 0.5, 1], shape: [4]))

/// Every operation's pullback against central finite differences.
struct OperationGradientTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let name: String
    let shapes: [[Int]]
    var offset: Float = 0
    var tolerance = 4e-3
    let function: @Sendable ([Variable]) -> Variable
    var testDescription: String { name }
  }

  static let cases: [Case] = [
    Case(name: "sum", shapes: [[2, 3], [2, 3]]) { $0[0] + $0[1] },
    Case(name: "difference", shapes: [[2, 3], [2, 3]]) { $0[0] - $0[1] },
    Case(name: "product", shapes: [[2, 3], [2, 3]]) { $0[0] * $0[1] },
    Case(name: "product with itself", shapes: [[2, 3]]) { $0[0] * $0[0] },
    Case(name: "scaling", shapes: [[2, 3]]) { $0[0] * 1.7 },
    Case(name: "adding a row", shapes: [[3, 4], [4]]) { $0[0].addingRow($0[1]) },
    Case(name: "multiplying by a column", shapes: [[3, 4], [3]]) {
      $0[0].multipliedByColumn($0[1])
    },
    Case(name: "multiplying by a row", shapes: [[3, 4], [4]]) { $0[0].multipliedByRow($0[1]) },
    Case(name: "scaling the first axis", shapes: [[3, 4]]) {
      $0[0].scalingFirstAxis(by: [0, 2, 0.5])
    },
    Case(name: "rectified", shapes: [[3, 5]]) { $0[0].rectified() },
    Case(name: "parametric rectified", shapes: [[3, 5], [5]]) {
      $0[0].parametricRectified(slope: $0[1])
    },
    Case(name: "Gaussian error linear", shapes: [[3, 7]]) { $0[0].gaussianErrorLinear() },
    Case(name: "sigmoid", shapes: [[3, 5]]) { $0[0].sigmoid() },
    Case(name: "exponential", shapes: [[3, 5]]) { $0[0].exponential() },
    Case(name: "logarithm", shapes: [[3, 5]], offset: 2) { $0[0].logarithm() },
    Case(name: "square root", shapes: [[3, 5]], offset: 2) { $0[0].squareRoot() },
    Case(name: "absolute", shapes: [[3, 5]]) { $0[0].absolute() },
    Case(name: "softmax", shapes: [[3, 19]]) { $0[0].softmax() },
    Case(name: "log softmax", shapes: [[3, 19]]) { $0[0].logSoftmax() },
    Case(name: "linear", shapes: [[2, 3, 5], [4, 5], [4]]) {
      $0[0].linear(weight: $0[1], bias: $0[2])
    },
    Case(name: "linear without bias", shapes: [[3, 5], [4, 5]]) { $0[0].linear(weight: $0[1]) },
    Case(name: "linear with activation", shapes: [[3, 5], [4, 5], [4]]) {
      $0[0].linear(weight: $0[1], bias: $0[2], activation: .gaussianErrorLinear)
    },
    Case(name: "linear with activation, no bias", shapes: [[3, 5], [4, 5]]) {
      $0[0].linear(weight: $0[1], activation: .gaussianErrorLinear)
    },
    Case(name: "product NN", shapes: [[3, 4], [4, 2]]) { $0[0].multiplied(by: $0[1]) },
    Case(name: "product NT", shapes: [[3, 4], [2, 4]]) {
      $0[0].multiplied(by: $0[1], transposingOther: true)
    },
    Case(name: "product TN", shapes: [[4, 3], [4, 2]]) {
      $0[0].multiplied(by: $0[1], transposingSelf: true)
    },
    Case(name: "product TT", shapes: [[4, 3], [2, 4]]) {
      $0[0].multiplied(by: $0[1], transposingSelf: true, transposingOther: true)
    },
    Case(name: "batched product NN", shapes: [[2, 3, 4], [2, 4, 2]]) {
      $0[0].multiplied(by: $0[1])
    },
    Case(name: "batched product NT", shapes: [[2, 3, 4], [2, 2, 4]]) {
      $0[0].multiplied(by: $0[1], transposingOther: true)
    },
    Case(name: "batched product TN", shapes: [[2, 4, 3], [2, 4, 2]]) {
      $0[0].multiplied(by: $0[1], transposingSelf: true)
    },
    Case(name: "batched product TT", shapes: [[2, 4, 3], [2, 2, 4]]) {
      $0[0].multiplied(by: $0[1], transposingSelf: true, transposingOther: true)
    },
    Case(name: "layer normalisation", shapes: [[3, 6], [6], [6]]) {
      $0[0].layerNormalized(scale: $0[1], shift: $0[2], epsilon: 1e-5)
    },
    Case(name: "L2 normalisation", shapes: [[3, 6]]) { $0[0].l2Normalized() },
    Case(name: "deviation normalisation", shapes: [[3, 6], [6]]) {
      $0[0].deviationNormalized(scale: $0[1], epsilon: 1e-3)
    },
    Case(name: "gate", shapes: [[3, 8]]) { $0[0].gated() },
    Case(name: "factors per picture", shapes: [[2, 3, 2, 4], [2, 4]]) {
      $0[0].multipliedPerPicture(by: $0[1])
    },
    Case(name: "border of zeros", shapes: [[2, 3, 4, 2]]) {
      $0[0].padded(top: 1, bottom: 2, left: 3)
    },
    Case(name: "mirrored border", shapes: [[2, 3, 4, 2]]) {
      $0[0].padded(top: 2, bottom: 1, left: 1, right: 3, mode: .reflecting)
    },
    Case(name: "repeated border", shapes: [[1, 2, 3, 2]]) {
      $0[0].padded(top: 1, bottom: 3, right: 4, mode: .replicating)
    },
    Case(name: "local mean", shapes: [[2, 7, 5, 3]]) {
      $0[0].locallyAveraged(height: 4, width: 3)
    },
    Case(name: "local mean over an axis", shapes: [[1, 3, 6, 2]]) {
      $0[0].locallyAveraged(height: 9, width: 2)
    },
    Case(name: "batch normalisation", shapes: [[2, 3, 2, 4], [4], [4]]) {
      $0[0].channelNormalized(scale: $0[1], shift: $0[2], epsilon: 1e-3, groups: 1)
    },
    Case(name: "instance normalisation", shapes: [[2, 3, 2, 4], [4], [4]]) {
      $0[0].channelNormalized(scale: $0[1], shift: $0[2], epsilon: 1e-3, groups: 2)
    },
    Case(
      name: "batch normalisation with residual and ReLU",
      shapes: [[2, 3, 2, 4], [4], [4], [2, 3, 2, 4]], tolerance: 2e-2
    ) {
      $0[0].channelNormalized(
        scale: $0[1], shift: $0[2], epsilon: 1e-3, groups: 1, residual: $0[3],
        followedBy: .rectifier)
    },
    // Far enough from 0 that no difference crosses it: two channels pass, two do not.
    Case(name: "batch normalisation with ReLU", shapes: [[2, 3, 2, 4], [4], [4]]) {
      $0[0].channelNormalized(
        scale: $0[1] * 0.1 + Variable(Tensor(repeating: 1, shape: [4])),
        shift: $0[2] * 0.1 + Variable(Tensor([4, -4, 4, -4], shape: [4])), epsilon: 1e-3,
        groups: 1, followedBy: .rectifier)
    },
    Case(
      name: "normalisation with slopes", shapes: [[2, 3, 2, 4], [4], [4], [4]], tolerance: 2e-2
    ) {
      $0[0].channelNormalized(
        scale: $0[1], shift: $0[2], epsilon: 1e-3, groups: 2, followedBy: .slopes($0[3]))
    },
    Case(name: "fixed normalisation", shapes: [[2, 3, 4], [4], [4]]) {
      $0[0].channelNormalized(
        scale: $0[1], shift: $0[2], epsilon: 1e-3, groups: 1, fixed: fixedStatistics)
    },
    // Far enough from 0 that no difference crosses it: two channels pass, two do not.
    Case(name: "fixed normalisation with ReLU", shapes: [[2, 3, 2, 4], [4], [4]]) {
      $0[0].channelNormalized(
        scale: $0[1] * 0.1 + Variable(Tensor(repeating: 1, shape: [4])),
        shift: $0[2] * 0.1 + Variable(Tensor([6, -6, 6, -6], shape: [4])), epsilon: 1e-3,
        groups: 1, fixed: fixedStatistics, followedBy: .rectifier)
    },
    Case(
      name: "fixed normalisation with residual", shapes: [[2, 3, 2, 4], [4], [4], [2, 3, 2, 4]]
    ) {
      $0[0].channelNormalized(
        scale: $0[1], shift: $0[2], epsilon: 1e-3, groups: 1, fixed: fixedStatistics,
        residual: $0[3])
    },
    Case(
      name: "fixed normalisation with residual and ReLU",
      shapes: [[2, 3, 2, 4], [4], [4], [2, 3, 2, 4]]
    ) {
      $0[0].channelNormalized(
        scale: $0[1] * 0.1 + Variable(Tensor(repeating: 1, shape: [4])),
        shift: $0[2] * 0.1 + Variable(Tensor([8, -8, 8, -8], shape: [4])), epsilon: 1e-3,
        groups: 1, fixed: fixedStatistics, residual: $0[3] * 0.5, followedBy: .rectifier)
    },
    Case(name: "attention", shapes: [[2, 5, 18]]) { $0[0].attention(heads: 2, scale: 0.6) },
    Case(name: "attention with bias", shapes: [[2, 5, 18], [1, 2, 5, 5]]) {
      $0[0].attention(heads: 2, scale: 0.6, bias: $0[1])
    },
    Case(name: "attention over several blocks", shapes: [[1, 131, 6]]) {
      $0[0].attention(heads: 1, scale: 0.7)
    },
    Case(
      name: "convolution with an addend",
      shapes: [[2, 3, 4, 2], [3, 2, 1, 1], [3], [2, 3, 4, 3]]
    ) {
      $0[0].convolved(weight: $0[1], bias: $0[2], addend: $0[3])
    },
    Case(name: "convolution 3×3", shapes: [[2, 5, 4, 2], [3, 2, 3, 3], [3]]) {
      $0[0].convolved(weight: $0[1], bias: $0[2], padding: 1)
    },
    Case(name: "convolution strided", shapes: [[2, 6, 5, 2], [3, 2, 3, 3]]) {
      $0[0].convolved(weight: $0[1], stride: 2, padding: 1)
    },
    Case(name: "convolution grouped", shapes: [[2, 5, 4, 4], [6, 2, 3, 3], [6]]) {
      $0[0].convolved(weight: $0[1], bias: $0[2], padding: 1, groups: 2)
    },
    Case(name: "convolution depthwise", shapes: [[2, 5, 4, 4], [4, 1, 3, 3], [4]]) {
      $0[0].convolved(weight: $0[1], bias: $0[2], padding: 1, groups: 4)
    },
    Case(name: "convolution depthwise strided", shapes: [[2, 5, 6, 3], [3, 1, 3, 3]]) {
      $0[0].convolved(weight: $0[1], stride: 2, padding: 1, groups: 3)
    },
    Case(name: "convolution 1×1", shapes: [[2, 3, 3, 4], [5, 4, 1, 1], [5]]) {
      $0[0].convolved(weight: $0[1], bias: $0[2])
    },
    Case(name: "convolution 1×1 strided", shapes: [[2, 4, 3, 4], [5, 4, 1, 1]]) {
      $0[0].convolved(weight: $0[1], stride: 2)
    },
    Case(name: "convolution 5×5 larger than half", shapes: [[1, 4, 3, 2], [2, 2, 5, 5]]) {
      $0[0].convolved(weight: $0[1], padding: 2)
    },
    Case(name: "convolution 2×2 patches", shapes: [[1, 4, 6, 3], [4, 3, 2, 2]]) {
      $0[0].convolved(weight: $0[1], stride: 2)
    },
    Case(name: "maximum pooling", shapes: [[2, 5, 5, 2]], tolerance: 2e-2) {
      $0[0].maximumPooled(Window(3, stride: 2, padding: 1))
    },
    Case(name: "average pooling", shapes: [[2, 5, 4, 2]]) {
      $0[0].averagePooled(Window(2, stride: 1, padding: 1))
    },
    Case(name: "reshape and permute", shapes: [[2, 3, 4]]) {
      $0[0].permuted([2, 0, 1]).reshaped([4, 6]).permuted([1, 0])
    },
    Case(name: "slice", shapes: [[2, 5, 3]]) { $0[0].slice(1..<4, axis: 1) },
    Case(name: "concatenation", shapes: [[2, 2, 3], [2, 1, 3]]) {
      Variable.concatenated([$0[0], $0[1], $0[0]], axis: 1)
    },
    Case(name: "gather with repeats", shapes: [[4, 3]]) { $0[0].gathered([2, 0, 2, 3]) },
    Case(name: "scatter", shapes: [[3, 2]]) { $0[0].scattered(to: [1, 1, 4], count: 5) },
    Case(name: "repetition", shapes: [[2, 3]]) { $0[0].repeated(3) },
    Case(name: "patches", shapes: [[2, 4, 6, 3]]) { $0[0].patches(of: 2) },
    Case(name: "pixel shuffle", shapes: [[1, 2, 3, 8]]) { $0[0].pixelShuffled(2) },
    Case(name: "pixel unshuffle", shapes: [[1, 4, 6, 2]]) { $0[0].pixelUnshuffled(2) },
    Case(name: "total", shapes: [[3, 4]]) { $0[0].summed() },
    Case(name: "mean", shapes: [[3, 4]]) { $0[0].mean() },
    Case(name: "sum along the last axis", shapes: [[3, 4]]) { $0[0].summedAlongLastAxis() },
    Case(name: "mean over positions", shapes: [[2, 3, 2, 4]]) { $0[0].meanOverPositions() },
    Case(name: "token masking", shapes: [[2, 3, 4], [1, 1, 4]]) {
      $0[0].maskingTokens([true, false, false, true, true, false], with: $0[1])
    },
    Case(name: "absolute error", shapes: [[3, 4]]) {
      $0[0].absoluteError(
        to: Tensor(zeros: [3, 4]), rowWeights: Tensor([1, 0, 2], shape: [3]), scale: 0.3)
    },
    Case(name: "mean absolute error", shapes: [[3, 4]]) {
      $0[0].meanAbsoluteError(to: Tensor(zeros: [3, 4]))
    },
    Case(name: "cross-entropy", shapes: [[3, 4]]) { $0[0].crossEntropy(labels: [1, 0, 3]) },
    Case(name: "cross-entropy with smoothing", shapes: [[3, 4]]) {
      $0[0].crossEntropy(labels: [1, 0, 3], smoothing: 0.1)
    },
  ]

  @Test(arguments: cases)
  func `equals finite differences`(_ example: Case) {
    var random = RandomStream(seed: 3).split(example.name)
    let inputs = example.shapes.map { shape in
      // Values keep clear of 0, where ReLU and |x| have no derivative.
      Tensor(
        (0..<shape.reduce(1, *)).map { _ in
          let value = random.uniform(0.05...1)
          return (random.uniform() < 0.5 && example.offset == 0 ? -value : value) + example.offset
        }, shape: shape)
    }
    let error = GradientCheck.largestError(at: inputs, of: example.function)
    #expect(error < example.tolerance, "largest error \(error)")
  }

  @Test func `constants receive no gradient`() {
    let tape = Tape()
    let x = tape.leaf(Tensor([1, 2], shape: [1, 2]))
    let weight = Variable(Tensor([1, 0, 0, 1], shape: [2, 2]))
    tape.backward(from: x.linear(weight: weight).summed())
    #expect(tape.gradient(of: x)?.values == [1, 1])
    #expect(tape.gradient(of: weight) == nil)
  }
}
