import Gradients
import Tensors

/// Turns a traced pass into an ONNX graph, operation by operation.
///
/// Maps of pictures are channels-last here and channels-first in ONNX: a value is kept in the order in
/// which it came about, and turned only where an operation needs the other one.
struct ONNXTranslator {
  var graph = ONNXGraph()
  /// What a traced value is called, in either order of its axes.
  struct Name {
    var last: String?
    var first: String?
  }
  var values: [Int: Name] = [:]
  /// Paths of parameters by the place of their elements.
  let paths: [UInt: String]
  /// Name of the graph's input, whose first axis is the batch.
  let batchSource: String
  /// The step that is translated, and the same step of a pass with another batch.
  var step: TracedStep
  var other: TracedStep

  /// The value of an input in our order of axes.
  mutating func last(_ place: Int) throws(ONNXError) -> String {
    switch step.inputs[place] {
    case .constant(let tensor): return try constant(tensor, place)
    case .step(let index):
      let name = values[index] ?? Name()
      if let last = name.last { return last }
      let turned = graph.add(
        "Transpose", [name.first ?? ""], [.integers("perm", [0, 2, 3, 1])])
      values[index]?.last = turned
      return turned
    }
  }

  /// The value of an input of rank 4 with channels first.
  mutating func first(_ place: Int) throws(ONNXError) -> String {
    if case .step(let index) = step.inputs[place], let first = values[index]?.first {
      return first
    }
    let turned = graph.add("Transpose", [try last(place)], [.integers("perm", [0, 3, 1, 2])])
    if case .step(let index) = step.inputs[place] { values[index]?.first = turned }
    return turned
  }

  /// Whether the step is cheaper with channels first, because an input came about that way.
  var prefersFirst: Bool {
    step.shape.count == 4
      && step.inputs.contains { input in
        guard case .step(let index) = input, let name = values[index] else { return false }
        return name.last == nil
      }
  }

  /// An input in the order in which the step is done.
  mutating func value(_ place: Int) throws(ONNXError) -> String {
    prefersFirst ? try first(place) : try last(place)
  }

  /// A constant input; one that repeats itself for every picture becomes as long as the batch.
  private mutating func constant(_ tensor: Tensor, _ place: Int) throws(ONNXError) -> String {
    guard case .constant(let twin) = other.inputs[place], twin.shape != tensor.shape else {
      return graph.tensor(tensor, named: path(of: tensor), isLasting: true)
    }
    guard let batch = tensor.shape.first, tensor.shape.dropFirst() == twin.shape.dropFirst(),
      (1..<batch).allSatisfy({ tensor.rows($0..<$0 + 1) == tensor.rows(0..<1) })
    else { throw .batchDependence(operation: step.function, shape: tensor.shape) }
    let single = graph.tensor(tensor.rows(0..<1), named: "constant")
    let batchCount = graph.add(
      "Slice",
      [graph.add("Shape", [batchSource]), graph.integers([0]), graph.integers([1])])
    let extents = graph.add(
      "Concat", [batchCount, graph.integers(Array(tensor.shape.dropFirst()))],
      [.integer("axis", 0)])
    return graph.add("Expand", [single, extents])
  }

  /// Path of the parameter that a constant is.
  func path(of tensor: Tensor) -> String {
    tensor.withPointer { paths[UInt(bitPattern: $0)] } ?? "constant"
  }

  /// The constant tensor of an input, or `nil` where it depends on the pictures.
  func tensor(_ place: Int) -> Tensor? {
    if case .constant(let tensor) = step.inputs[place] { return tensor }
    return nil
  }

  /// A row over the channels, shaped for the order in which the step is done.
  mutating func row(_ place: Int, first isFirst: Bool) throws(ONNXError) -> String {
    guard let tensor = tensor(place) else {
      let shape = isFirst ? [-1, 1, 1] : [-1]
      return graph.add("Reshape", [try last(place), graph.integers(shape)])
    }
    let shape = isFirst ? [tensor.count, 1, 1] : [tensor.count]
    return graph.tensor(tensor.reshaped(shape), named: path(of: tensor), isLasting: true)
  }

  /// The shape of the result, −1 where it follows the batch.
  func target() throws(ONNXError) -> [Int] {
    guard step.shape.count == other.shape.count else {
      throw .batchDependence(operation: step.function, shape: step.shape)
    }
    let shape = zip(step.shape, other.shape).map { $0 == $1 ? $0 : -1 }
    guard shape.count(where: { $0 == -1 }) <= 1 else {
      throw .batchDependence(operation: step.function, shape: step.shape)
    }
    return shape
  }

  /// Reshapes to the shape of the result.
  mutating func reshapedToResult(_ name: String) throws(ONNXError) -> String {
    graph.add("Reshape", [name, graph.integers(try target())])
  }

  /// Keeps the result in our order of axes.
  mutating func keep(last name: String) { values[step.output] = Name(last: name) }

  /// Keeps the result with channels first.
  mutating func keep(first name: String) { values[step.output] = Name(first: name) }

  /// Keeps the result in the order in which the step was done.
  mutating func keep(_ name: String) {
    if prefersFirst { keep(first: name) } else { keep(last: name) }
  }

  /// An axis of ours in the order in which the step is done.
  func axis(_ axis: Int) -> Int { prefersFirst ? [0, 2, 3, 1][axis] : axis }
}
