/// The `--json` object of an export.
struct ExportAnswer: Encodable {
  var model: String
  var format: String
  /// The file or folder; nil in a dry run.
  var output: String?
  var parameters: Int
  /// Size on the disk.
  var bytes: Int?
  /// The operator set of an ONNX file.
  var opset: Int?
  /// Nodes of an ONNX graph.
  var nodes: Int?
  /// Picture size of the graph, rows first.
  var pictures: [Int]?
  /// The largest difference between our forward pass and what was written.
  var largestDifference: Double
  /// New strong directions of the adapters that were merged or softened.
  var intruderDimensions: Int?
  /// Layers whose intruders were made weaker.
  var softened: [String]?
  /// The largest difference between the merged network and the one with its adapters beside it.
  var mergedDifference: Double?
  /// The largest value of our forward pass, which the difference can be held against.
  var largestValue: Double?
}
