import Gradients
import Tensors

extension ONNXTranslator {
  func attributes(of window: Window) -> [ONNXAttributeProto] {
    [
      .integers("kernel_shape", [window.height, window.width]),
      .integers("strides", [window.stride, window.stride]),
      .integers("pads", [Int](repeating: window.padding, count: 4)),
    ]
  }

  mutating func convolution(
    stride: Int, padding: Int, groups: Int, hasBias: Bool
  ) throws(ONNXError) {
    let kernel = step.inputShapes[1]
    var inputs = [try first(0), try last(1)]
    if hasBias { inputs.append(try last(2)) }
    let window = Window(kernel[2], kernel[3], stride: stride, padding: padding)
    keep(
      first: graph.add("Conv", inputs, attributes(of: window) + [.integer("group", groups)]))
  }

  mutating func linear(_ activation: Activation) throws(ONNXError) {
    guard let weight = tensor(1) else { throw .noMapping(operation: step.function) }
    let (outputs, inputs) = (weight.shape[0], weight.count / weight.shape[0])
    let input = try last(0)
    let bias = tensor(2)
    let isZero = bias.map { $0.values.allSatisfy { $0 == 0 } } ?? false
    var result: String
    if step.inputShapes[0].count == 2 {
      let name = graph.tensor(
        weight.reshaped([outputs, inputs]), named: path(of: weight), isLasting: true)
      result = graph.add(
        "Gemm", [input, name] + (isZero ? [] : [try last(2)]), [.integer("transB", 1)])
    } else {
      let turned = Tensor(shape: [inputs, outputs]) { target in
        weight.withPointer { source in
          for row in 0..<outputs {
            for column in 0..<inputs {
              target[column * outputs + row] = source[row * inputs + column]
            }
          }
        }
      }
      result = graph.add(
        "MatMul", [input, graph.tensor(turned, named: path(of: weight) + ".transposed")])
      if !isZero { result = graph.add("Add", [result, try last(2)]) }
    }
    if case .gaussianErrorLinear = activation { result = gaussianErrorLinear(result) }
    keep(last: result)
  }

  private mutating func turned(_ name: String, rank: Int) -> String {
    var axes = Array(0..<rank)
    axes.swapAt(rank - 2, rank - 1)
    return graph.add("Transpose", [name], [.integers("perm", axes)])
  }

  mutating func matrixProduct(_ turnsLeft: Bool, _ turnsRight: Bool) throws(ONNXError) {
    let rank = step.shape.count
    var (left, right) = (try last(0), try last(1))
    if turnsLeft { left = turned(left, rank: rank) }
    if turnsRight { right = turned(right, rank: rank) }
    keep(last: graph.add("MatMul", [left, right]))
  }

  mutating func attention(heads: Int, scale: Float, hasBias: Bool) throws(ONNXError) {
    let (tokens, width) = (step.shape[1], step.shape[2] / heads)
    let parts = graph.add(
      "Transpose",
      [graph.add("Reshape", [try last(0), graph.integers([-1, tokens, 3, heads, width])])],
      [.integers("perm", [2, 0, 3, 1, 4])])
    func part(_ index: Int, _ graph: inout ONNXGraph) -> String {
      let one = graph.add(
        "Slice",
        [parts, graph.integers([index]), graph.integers([index + 1]), graph.integers([0])])
      return graph.add("Squeeze", [one, graph.integers([0])])
    }
    let query = graph.add("Mul", [part(0, &graph), graph.number(scale)])
    var scores = graph.add("MatMul", [query, turned(part(1, &graph), rank: 4)])
    if hasBias {
      let count = step.inputShapes[1][0]
      guard count == other.inputShapes[1][0] else {
        throw .batchDependence(operation: step.function, shape: step.inputShapes[1])
      }
      if count > 1 {
        scores = graph.add(
          "Reshape", [scores, graph.integers([-1, count, heads, tokens, tokens])])
      }
      scores = graph.add("Add", [scores, try last(1)])
      if count > 1 {
        scores = graph.add("Reshape", [scores, graph.integers([-1, heads, tokens, tokens])])
      }
    }
    let weights = graph.add("Softmax", [scores], [.integer("axis", -1)])
    let mixed = graph.add("MatMul", [weights, part(2, &graph)])
    let joined = graph.add("Transpose", [mixed], [.integers("perm", [0, 2, 1, 3])])
    keep(last: try reshapedToResult(joined))
  }

  mutating func deviationNormalize(_ epsilon: Float) throws(ONNXError) {
    let attributes: [ONNXAttributeProto] = [.integers("axes", [-1]), .integer("keepdims", 1)]
    let input = try last(0)
    let centred = graph.add("Sub", [input, graph.add("ReduceMean", [input], attributes)])
    let variance = graph.add("ReduceMean", [graph.add("Mul", [centred, centred])], attributes)
    let deviation = graph.add("Sqrt", [graph.add("Add", [variance, graph.number(epsilon)])])
    keep(
      last: graph.add(
        "Mul", [graph.add("Div", [input, deviation]), try row(1, first: false)]))
  }

  mutating func channelNormalize(
    epsilon: Float, groups: Int, fixed: ChannelStatistics?, hasResidual: Bool, isRectified: Bool
  ) throws(ONNXError) {
    guard let scale = tensor(1), let shift = tensor(2) else {
      throw .noMapping(operation: step.function)
    }
    var isFirst = prefersFirst
    var result: String
    if let fixed {
      let (mean, variance) = (fixed.mean.values, fixed.variance.values)
      let factors = variance.indices.map { scale[$0] / (variance[$0] + epsilon).squareRoot() }
      let offsets = factors.indices.map { shift[$0] - mean[$0] * factors[$0] }
      let input = try value(0)
      let shape = isFirst ? [factors.count, 1, 1] : [factors.count]
      let stem = path(of: scale)
      let factor = graph.tensor(Tensor(factors, shape: shape), named: stem + ".factor")
      let offset = graph.tensor(Tensor(offsets, shape: shape), named: stem + ".offset")
      result = graph.add("Add", [graph.add("Mul", [input, factor]), offset])
    } else if groups == step.shape[0], step.shape.count == 4 {
      isFirst = true
      result = graph.add(
        "InstanceNormalization", [try first(0), try last(1), try last(2)],
        [.number("epsilon", epsilon)])
    } else {
      throw .noMapping(operation: "\(step.function) with the statistics of the batch")
    }
    if hasResidual {
      result = graph.add("Add", [result, isFirst ? try first(3) : try last(3)])
    }
    if isRectified { result = graph.add("Relu", [result]) }
    if isFirst { keep(first: result) } else { keep(last: result) }
  }
}
