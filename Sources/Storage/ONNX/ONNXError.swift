/// Why a network could not be written in ONNX form, or a file could not be checked.
public enum ONNXError: Error, Sendable, Hashable, CustomStringConvertible {
  /// An operation of the network has no form in ONNX here.
  case noMapping(operation: String)
  /// A shape depends on the batch in a way that one graph cannot express.
  case batchDependence(operation: String, shape: [Int])
  /// The file holds something this check cannot compute.
  case notComputable(node: String, reason: String)
  /// The model is beyond what one file of the format can hold.
  case tooLarge(bytes: Int)

  /// One sentence for the person who exports.
  public var description: String {
    switch self {
    case .noMapping(let operation):
      "The network uses the operation \(operation), which has no ONNX form here; merge adapters "
        + "first (--merge), or export with --format safetensors."
    case .batchDependence(let operation, let shape):
      "The operation \(operation) gives the shape \(shape), which depends on the number of pictures "
        + "in more than one place, so no ONNX graph takes any number; export with --format "
        + "safetensors."
    case .notComputable(let node, let reason):
      "The ONNX graph cannot be computed again for the check, at node \(node): \(reason)."
    case .tooLarge(let bytes):
      "The network has \(bytes) bytes of weights, above the 2 GB that one ONNX file can hold; export "
        + "with --format safetensors."
    }
  }
}
