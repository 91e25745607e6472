import Gradients
import Tensors

extension ONNXTranslator {
  /// Adds the nodes of the current step.
  mutating func translate() throws(ONNXError) {
    guard let operation = step.operation else { throw .noMapping(operation: step.function) }
    switch operation {
    case .sum: try elementwise("Add")
    case .difference: try elementwise("Sub")
    case .product: try elementwise("Mul")
    case .scaling(let factor): keep(graph.add("Mul", [try value(0), graph.number(factor)]))
    case .addedRow: try withRow("Add")
    case .multipliedRow: try withRow("Mul")
    case .multipliedPerPicture: try multiplyPerPicture()
    case .rectification: try unary("Relu")
    case .sigmoid: try unary("Sigmoid")
    case .exponential: try unary("Exp")
    case .logarithm: try unary("Log")
    case .squareRoot: try unary("Sqrt")
    case .absolute: try unary("Abs")
    case .gaussianErrorLinear: keep(gaussianErrorLinear(try value(0)))
    case .parametricRectification:
      keep(graph.add("PRelu", [try value(0), try row(1, first: prefersFirst)]))
    case .clipping(let range):
      keep(
        graph.add(
          "Clip", [try value(0), graph.number(range.lowerBound), graph.number(range.upperBound)]))
    case .softmax: keep(last: graph.add("Softmax", [try last(0)], [.integer("axis", -1)]))
    case .logSoftmax: keep(last: graph.add("LogSoftmax", [try last(0)], [.integer("axis", -1)]))
    case .sumAlongLastAxis:
      keep(
        last: graph.add(
          "ReduceSum", [try last(0), graph.integers([-1])], [.integer("keepdims", 0)]))
    case .meanOverPositions: try mean()
    case .l2Normalization: try l2Normalize()
    case .attention(let heads, let scale, let hasBias):
      try attention(heads: heads, scale: scale, hasBias: hasBias)
    case .convolution(let stride, let padding, let groups, let hasBias):
      try convolution(stride: stride, padding: padding, groups: groups, hasBias: hasBias)
    case .maximumPooling(let window):
      keep(first: graph.add("MaxPool", [try first(0)], attributes(of: window)))
    case .averagePooling(let window):
      keep(
        first: graph.add(
          "AveragePool", [try first(0)],
          attributes(of: window) + [.integer("count_include_pad", 1)]))
    case .localMean(let height, let width): try localMean(height: height, width: width)
    case .linear(let activation): try linear(activation)
    case .matrixProduct(let left, let right): try matrixProduct(left, right)
    case .reshape: keep(last: try reshapedToResult(try last(0)))
    case .permutation(let axes):
      keep(last: graph.add("Transpose", [try last(0)], [.integers("perm", axes)]))
    case .slice(let range, let axis): keep(slice(try value(0), range, self.axis(axis)))
    case .concatenation(let axis): try concatenate(axis)
    case .gathering(let indices):
      keep(
        last: graph.add(
          "Gather", [try last(0), graph.integers(indices)], [.integer("axis", 0)]))
    case .repetition: throw .noMapping(operation: step.function)
    case .rowsByPicture(let indices, let rows): try gatherRows(indices, rows: rows)
    case .patches(let side): try cutPatches(side)
    case .padding(let top, let bottom, let left, let right, let mode):
      try pad([top, left, bottom, right], mode)
    case .gate:
      let width = step.shape.last ?? 0
      let channels = step.shape.count == 4 ? axis(3) : step.shape.count - 1
      let input = try value(0)
      keep(
        graph.add(
          "Mul",
          [slice(input, 0..<width, channels), slice(input, width..<2 * width, channels)]))
    case .layerNormalization(let epsilon):
      keep(
        last: graph.add(
          "LayerNormalization",
          [try last(0), try row(1, first: false), try row(2, first: false)],
          [.integer("axis", -1), .number("epsilon", epsilon)]))
    case .deviationNormalization(let epsilon): try deviationNormalize(epsilon)
    case .channelNormalization(let epsilon, let groups, let fixed, let hasResidual, let rectified):
      try channelNormalize(
        epsilon: epsilon, groups: groups, fixed: fixed, hasResidual: hasResidual,
        isRectified: rectified)
    }
  }

  private mutating func unary(_ type: String) throws(ONNXError) {
    keep(graph.add(type, [try value(0)]))
  }

  private mutating func elementwise(_ type: String) throws(ONNXError) {
    let isFirst = prefersFirst
    let left = isFirst ? try first(0) : try last(0)
    let right = isFirst ? try first(1) : try last(1)
    let result = graph.add(type, [left, right])
    if isFirst { keep(first: result) } else { keep(last: result) }
  }

  private mutating func withRow(_ type: String) throws(ONNXError) {
    let isFirst = prefersFirst
    let input = try value(0)
    let result = graph.add(type, [input, try row(1, first: isFirst)])
    if isFirst { keep(first: result) } else { keep(last: result) }
  }

  private mutating func multiplyPerPicture() throws(ONNXError) {
    let channels = step.shape.last ?? 0
    guard step.shape.count == 4, case .step = step.inputs[1] else {
      throw .noMapping(operation: step.function)
    }
    let isFirst = prefersFirst
    let input = isFirst ? try first(0) : try last(0)
    let factors = graph.add(
      "Reshape",
      [try last(1), graph.integers(isFirst ? [-1, channels, 1, 1] : [-1, 1, 1, channels])])
    let result = graph.add("Mul", [input, factors])
    if isFirst { keep(first: result) } else { keep(last: result) }
  }

  mutating func gaussianErrorLinear(_ name: String) -> String {
    let scaled = graph.add("Div", [name, graph.number(Float(2).squareRoot())])
    let sum = graph.add("Add", [graph.add("Erf", [scaled]), graph.number(1)])
    return graph.add("Mul", [graph.add("Mul", [name, sum]), graph.number(0.5)])
  }

  private mutating func mean() throws(ONNXError) {
    let rank = step.inputShapes[0].count
    var isFirst = false
    if rank == 4, case .step(let index) = step.inputs[0] { isFirst = values[index]?.last == nil }
    let input = isFirst ? try first(0) : try last(0)
    keep(
      last: graph.add(
        "ReduceMean", [input],
        [.integers("axes", isFirst ? [2, 3] : Array(1..<rank - 1)), .integer("keepdims", 0)]))
  }

  private mutating func l2Normalize() throws(ONNXError) {
    let input = try last(0)
    let norm = graph.add(
      "ReduceL2", [input], [.integers("axes", [-1]), .integer("keepdims", 1)])
    keep(last: graph.add("Div", [input, graph.add("Max", [norm, graph.number(1e-12)])]))
  }

  mutating func slice(_ name: String, _ range: Range<Int>, _ axis: Int) -> String {
    graph.add(
      "Slice",
      [
        name, graph.integers([range.lowerBound]), graph.integers([range.upperBound]),
        graph.integers([axis]),
      ])
  }

  private mutating func concatenate(_ axis: Int) throws(ONNXError) {
    let isFirst = prefersFirst
    let place = self.axis(axis)
    var parts: [String] = []
    for index in step.inputs.indices {
      parts.append(isFirst ? try first(index) : try last(index))
    }
    let result = graph.add("Concat", parts, [.integer("axis", place)])
    if isFirst { keep(first: result) } else { keep(last: result) }
  }

  private mutating func gatherRows(_ indices: [Int32], rows: Int) throws(ONNXError) {
    let channels = step.shape.last ?? 0
    var lines = graph.add("Reshape", [try last(0), graph.integers([-1, rows, channels])])
    if indices.contains(where: { $0 < 0 }) {
      // One row of zeros behind the others, for the cells that fill up.
      lines = graph.add("Pad", [lines, graph.integers([0, 0, 0, 0, 1, 0])])
    }
    let places = graph.integers(indices.map { $0 < 0 ? rows : Int($0) })
    keep(last: try reshapedToResult(graph.add("Gather", [lines, places], [.integer("axis", 1)])))
  }

  private mutating func cutPatches(_ side: Int) throws(ONNXError) {
    let shape = step.inputShapes[0]
    let (rows, columns, channels) = (shape[1] / side, shape[2] / side, shape[3])
    let squares = graph.add(
      "Reshape", [try last(0), graph.integers([-1, rows, side, columns, side, channels])])
    let ordered = graph.add("Transpose", [squares], [.integers("perm", [0, 1, 3, 5, 2, 4])])
    keep(last: try reshapedToResult(ordered))
  }

  /// `sides`: top, left, bottom, right.
  private mutating func pad(_ sides: [Int], _ mode: BorderMode) throws(ONNXError) {
    let isFirst = prefersFirst
    let pads =
      isFirst
      ? [0, 0, sides[0], sides[1], 0, 0, sides[2], sides[3]]
      : [0, sides[0], sides[1], 0, 0, sides[2], sides[3], 0]
    let name =
      switch mode {
      case .zeros: "constant"
      case .reflecting: "reflect"
      case .replicating: "edge"
      }
    let input = try value(0)
    let result = graph.add("Pad", [input, graph.integers(pads)], [.text("mode", name)])
    if isFirst { keep(first: result) } else { keep(last: result) }
  }

  private mutating func localMean(height: Int, width: Int) throws(ONNXError) {
    let (rows, columns) = (step.shape[1], step.shape[2])
    let window = [min(height, rows), min(width, columns)]
    let means = graph.add("AveragePool", [try first(0)], [.integers("kernel_shape", window)])
    let before = window.map { ($0 - 1) / 2 }
    let after = window.map { $0 - 1 - ($0 - 1) / 2 }
    keep(
      first: graph.add(
        "Pad",
        [means, graph.integers([0, 0, before[0], before[1], 0, 0, after[0], after[1]])],
        [.text("mode", "edge")]))
  }
}
