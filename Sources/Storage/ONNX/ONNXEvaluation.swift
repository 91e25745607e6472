import Gradients
import Tensors

/// The value of one node, computed from the specification's words and apart from the translation.
struct ONNXEvaluation {
  /// What flows along an edge.
  enum Value {
    case tensor(Tensor)
    case integers([Int])
  }

  let node: ONNXNodeProto
  let inputs: [Value]

  /// Computes the node.
  func result() throws(ONNXError) -> Value {
    if node.opType == "Shape" { return .integers(try tensor(0).shape) }
    if case .integers? = inputs.first { return .integers(try integerResult()) }
    return .tensor(try tensorResult())
  }

  private func integerResult() throws(ONNXError) -> [Int] {
    switch node.opType {
    case "Slice": return Array(try integers(0)[integers(1)[0]..<integers(2)[0]])
    case "Concat":
      var all: [Int] = []
      for index in inputs.indices { all += try integers(index) }
      return all
    default: throw unknown
    }
  }

  private func tensorResult() throws(ONNXError) -> Tensor {
    let x = try tensor(0)
    switch node.opType {
    case "Identity", "Cast": return x
    case "Add": return try combined { $0 + $1 }
    case "Sub": return try combined { $0 - $1 }
    case "Mul": return try combined { $0 * $1 }
    case "Div": return try combined { $0 / $1 }
    case "Max": return try combined { max($0, $1) }
    case "PRelu": return try combined { $0 < 0 ? $0 * $1 : $0 }
    case "Relu": return mapped(x) { max($0, 0) }
    case "Clip":
      let (low, high) = (try tensor(1).scalar, try tensor(2).scalar)
      return mapped(x) { min(max($0, low), high) }
    case "Sqrt": return mapped(x) { $0.squareRoot() }
    case "Abs": return mapped(x) { abs($0) }
    case "Exp": return Variable(x).exponential().value
    case "Log": return Variable(x).logarithm().value
    case "Sigmoid": return Variable(x).sigmoid().value
    // erf(x) = 2 Φ(x√2) − 1, and GELU(y) = y Φ(y).
    case "Erf": return mapped(x, ONNXEvaluation.errorFunction)
    case "Softmax": return Variable(x).softmax().value
    case "LogSoftmax": return Variable(x).logSoftmax().value
    case "Transpose": return Self.permuted(x, attribute("perm"))
    case "Reshape": return x.reshaped(filled(try integers(1), count: x.count))
    case "Squeeze":
      var shape = x.shape
      for axis in try integers(1).sorted(by: >) { shape.remove(at: axis) }
      return x.reshaped(shape)
    case "Expand": return try expanded(x, to: integers(1))
    case "Slice":
      return Variable(x).slice(try integers(1)[0]..<integers(2)[0], axis: try integers(3)[0]).value
    case "Concat":
      var parts: [Variable] = []
      for index in inputs.indices { parts.append(Variable(try tensor(index))) }
      return Variable.concatenated(parts, axis: attribute("axis")[0]).value
    case "Gather": return try gathered(x)
    case "Pad": return try padded(x)
    case "MatMul": return try product(x, tensor(1))
    case "Gemm":
      let result = Variable(x).linear(
        weight: Variable(try tensor(1)),
        bias: inputs.count > 2 ? Variable(try tensor(2)) : nil)
      return result.value
    case "Conv": return try convolved(x)
    case "MaxPool", "AveragePool": return pooled(x)
    case "ReduceMean": return reduced(x, attribute("axes")) { $0.summed() / Double($0.count) }
    case "ReduceL2": return reduced(x, attribute("axes")) { $0.summedSquares().squareRoot() }
    case "ReduceSum": return reduced(x, try integers(1)) { $0.summed() }
    case "LayerNormalization":
      return Variable(x).layerNormalized(
        scale: Variable(try tensor(1)), shift: Variable(try tensor(2)), epsilon: number("epsilon")
      ).value
    case "InstanceNormalization":
      let last = Variable(Self.permuted(x, [0, 2, 3, 1])).channelNormalized(
        scale: Variable(try tensor(1)), shift: Variable(try tensor(2)), epsilon: number("epsilon"),
        groups: x.shape[0])
      return Self.permuted(last.value, [0, 3, 1, 2])
    default: throw unknown
    }
  }

  // MARK: Parts

  var unknown: ONNXError {
    .notComputable(node: node.name, reason: "the operator \(node.opType) is not known here")
  }

  func tensor(_ place: Int) throws(ONNXError) -> Tensor {
    guard inputs.indices.contains(place), case .tensor(let tensor) = inputs[place] else {
      throw .notComputable(node: node.name, reason: "input \(place) is no tensor")
    }
    return tensor
  }

  func integers(_ place: Int) throws(ONNXError) -> [Int] {
    guard inputs.indices.contains(place), case .integers(let values) = inputs[place] else {
      throw .notComputable(node: node.name, reason: "input \(place) is no list of integers")
    }
    return values
  }

  /// The integers of an attribute; one of a single integer is a list of one.
  func attribute(_ name: String) -> [Int] {
    guard let found = node.attribute.first(where: { $0.name == name }) else { return [] }
    return found.hasI ? [Int(found.i)] : found.ints.map { Int($0) }
  }

  func number(_ name: String) -> Float {
    node.attribute.first { $0.name == name }?.f ?? 0
  }

  var mode: String {
    node.attribute.first { $0.name == "mode" }.map { String(decoding: $0.s, as: UTF8.self) }
      ?? "constant"
  }

  static func permuted(_ x: Tensor, _ axes: [Int]) -> Tensor { Variable(x).permuted(axes).value }

  private func mapped(_ x: Tensor, _ function: (Float) -> Float) -> Tensor {
    Tensor(shape: x.shape) { target in
      x.withPointer { source in
        for index in 0..<x.count { target[index] = function(source[index]) }
      }
    }
  }

  private func filled(_ shape: [Int], count: Int) -> [Int] {
    let known = shape.filter { $0 != -1 }.reduce(1, *)
    return shape.map { $0 == -1 ? count / max(known, 1) : $0 }
  }
}
