import Foundation
public import Tensors

extension ONNXModel {
  /// Computes the graph, node by node, to check what was written.
  ///
  /// - Parameter pictures: `[batch, height, width, 3]`; bytes as numbers 0…255 for a graph that takes
  ///   bytes, else normalised values.
  /// - Returns: the result in this tool-kit's order of axes.
  /// - Throws: ``ONNXError/notComputable(node:reason:)``.
  public func evaluated(on pictures: Tensor) throws(ONNXError) -> Tensor {
    var values: [String: ONNXEvaluation.Value] = [:]
    for tensor in proto.graph.initializer {
      let shape = tensor.dims.map { Int($0) }
      if tensor.dataType == Int32(ONNXTensorProto.DataType.int64.rawValue) {
        values[tensor.name] = .integers(
          tensor.rawData.withUnsafeBytes { bytes in
            (0..<bytes.count / 8).map {
              Int(bytes.loadUnaligned(fromByteOffset: $0 * 8, as: Int64.self))
            }
          })
      } else {
        values[tensor.name] = .tensor(
          Tensor(shape: shape) { target in
            tensor.rawData.withUnsafeBytes {
              UnsafeMutableRawBufferPointer(start: target, count: $0.count).copyMemory(from: $0)
            }
          })
      }
    }
    values["images"] = .tensor(
      takesBytes ? pictures : ONNXEvaluation.permuted(pictures, [0, 3, 1, 2]))
    // Values are let go after their last use, or the check would hold every map at once.
    var lastUse: [String: Int] = [:]
    for (index, node) in proto.graph.node.enumerated() {
      for name in node.input { lastUse[name] = index }
    }
    for (index, node) in proto.graph.node.enumerated() {
      var inputs: [ONNXEvaluation.Value] = []
      for name in node.input {
        guard let value = values[name] else {
          throw .notComputable(node: node.name, reason: "its input \(name) is not known")
        }
        inputs.append(value)
      }
      values[node.output[0]] = try ONNXEvaluation(node: node, inputs: inputs).result()
      for name in node.input where lastUse[name] == index && name != "images" {
        values[name] = nil
      }
    }
    guard let output = proto.graph.output.first?.name, case .tensor(let result)? = values[output]
    else { throw .notComputable(node: "output", reason: "the graph gives no tensor") }
    return result.rank == 4 ? ONNXEvaluation.permuted(result, [0, 2, 3, 1]) : result
  }
}
