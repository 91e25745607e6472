import Foundation
import Tensors

/// An ONNX graph in the making: nodes, constants, and the names of both.
struct ONNXGraph {
  private(set) var nodes: [ONNXNodeProto] = []
  private(set) var initializers: [ONNXTensorProto] = []
  private var constants: [String: String] = [:]
  private var names: Set<String> = []

  /// A free name that begins with `stem`.
  mutating func name(_ stem: String) -> String {
    var name = stem
    var number = 1
    while !names.insert(name).inserted {
      number += 1
      name = "\(stem)_\(number)"
    }
    return name
  }

  /// Adds a node with one output and returns the output's name.
  mutating func add(
    _ type: String, _ inputs: [String], _ attributes: [ONNXAttributeProto] = []
  ) -> String {
    var node = ONNXNodeProto()
    node.opType = type
    node.input = inputs
    node.output = [name(type)]
    node.name = node.output[0]
    node.attribute = attributes
    nodes.append(node)
    return node.output[0]
  }

  /// Adds the node that gives the graph's result under its own name.
  mutating func addOutput(_ name: String, from input: String) {
    var node = ONNXNodeProto()
    node.opType = "Identity"
    node.input = [input]
    node.output = [name]
    node.name = self.name("Identity")
    nodes.append(node)
  }

  /// A constant of 64-bit integers.
  mutating func integers(_ values: [Int]) -> String {
    let key = "i\(values)"
    if let known = constants[key] { return known }
    var tensor = ONNXTensorProto()
    tensor.dims = [Int64(values.count)]
    tensor.dataType = Int32(ONNXTensorProto.DataType.int64.rawValue)
    tensor.name = name("integers")
    tensor.rawData = values.map { Int64($0) }.withUnsafeBytes { Data($0) }
    initializers.append(tensor)
    constants[key] = tensor.name
    return tensor.name
  }

  /// A constant of one number.
  mutating func number(_ value: Float) -> String {
    let key = "f\(value.bitPattern)"
    if let known = constants[key] { return known }
    let name = tensor(Tensor(value), named: "number")
    constants[key] = name
    return name
  }

  /// A constant tensor; stored once however often it is used, where its elements outlive the graph.
  mutating func tensor(_ value: Tensor, named stem: String, isLasting: Bool = false) -> String {
    let key = value.withPointer { "t\(UInt(bitPattern: $0)) \(value.shape)" }
    if isLasting, let known = constants[key] { return known }
    var tensor = ONNXTensorProto()
    tensor.dims = value.shape.map { Int64($0) }
    tensor.dataType = Int32(ONNXTensorProto.DataType.float.rawValue)
    tensor.name = name(stem)
    tensor.rawData = value.withPointer { Data(bytes: $0, count: value.count * 4) }
    initializers.append(tensor)
    if isLasting { constants[key] = tensor.name }
    return tensor.name
  }
}

extension ONNXAttributeProto {
  static func integer(_ name: String, _ value: Int) -> ONNXAttributeProto {
    var attribute = ONNXAttributeProto()
    attribute.name = name
    attribute.type = .int
    attribute.i = Int64(value)
    return attribute
  }

  static func integers(_ name: String, _ values: [Int]) -> ONNXAttributeProto {
    var attribute = ONNXAttributeProto()
    attribute.name = name
    attribute.type = .ints
    attribute.ints = values.map { Int64($0) }
    return attribute
  }

  static func number(_ name: String, _ value: Float) -> ONNXAttributeProto {
    var attribute = ONNXAttributeProto()
    attribute.name = name
    attribute.type = .float
    attribute.f = value
    return attribute
  }

  static func text(_ name: String, _ value: String) -> ONNXAttributeProto {
    var attribute = ONNXAttributeProto()
    attribute.name = name
    attribute.type = .string
    attribute.s = Data(value.utf8)
    return attribute
  }
}
