public import Foundation
public import Gradients
public import Layers
import SwiftProtobuf
import Tensors

/// A network written down as an ONNX graph, recorded from its own forward pass.
///
/// A new network needs nothing of its own to be exported: what is written is what it did. Pictures go
/// in as `images` `[batch, 3, height, width]`, any number of them; the result is `features`
/// `[batch, width]` or `restored` `[batch, 3, height, width]`.
/// **Source**: the ONNX specification, operator set 17.
public struct ONNXModel: Sendable {
  /// Operator set of the graph.
  public static let operatorSet = 17

  let proto: ONNXModelProto
  /// Whether pictures go in as bytes `[batch, height, width, 3]` and are normalised inside.
  public let takesBytes: Bool
  /// Number of nodes.
  public var nodeCount: Int { proto.graph.node.count }

  /// Records a network.
  ///
  /// - Parameters:
  ///   - parameters: the network's parameters; constants of the graph are named after them.
  ///   - height: rows of the pictures.
  ///   - width: columns of the pictures.
  ///   - normalization: mean and deviation of values 0…1; given, the graph takes bytes and
  ///     normalises them itself.
  ///   - metadata: free texts kept in the file.
  ///   - forward: the network, from normalised pictures `[batch, height, width, 3]`.
  /// - Throws: ``ONNXError`` that names the operation without a form in ONNX.
  public init(
    parameters: [(path: String, parameter: Parameter)], height: Int, width: Int,
    normalization: (mean: [Float], deviation: [Float])? = nil, metadata: [String: String] = [:],
    forward: (Variable, ForwardContext) -> Variable
  ) throws(ONNXError) {
    let (first, second) = (
      Self.trace(2, height, width, forward), Self.trace(3, height, width, forward)
    )
    guard first.steps.count == second.steps.count, first.output >= 0 else {
      throw .batchDependence(operation: "of the whole network", shape: first.shape)
    }
    var paths: [UInt: String] = [:]
    for (path, parameter) in parameters {
      parameter.value.withPointer { paths[UInt(bitPattern: $0)] = path }
    }
    guard let start = first.steps.first, let otherStart = second.steps.first else {
      throw .noMapping(operation: "identity")
    }
    var translator = ONNXTranslator(
      paths: paths, batchSource: "images", step: start, other: otherStart)
    _ = translator.graph.name("images")
    takesBytes = normalization != nil
    translator.values[first.input] =
      normalization.map { .init(last: translator.normalized("images", $0.mean, $0.deviation)) }
      ?? .init(first: "images")
    for (step, other) in zip(first.steps, second.steps) {
      (translator.step, translator.other) = (step, other)
      try translator.translate()
    }
    let isPicture = first.shape.count == 4
    let result = translator.graph.name(isPicture ? "restored" : "features")
    guard let name = translator.values[first.output],
      let last = isPicture ? translator.picture(first.output) : name.last
    else { throw .noMapping(operation: "of the result") }
    translator.graph.addOutput(result, from: last)
    var graph = ONNXGraphProto()
    graph.name = "network"
    graph.node = translator.graph.nodes
    graph.initializer = translator.graph.initializers
    graph.input = [
      takesBytes
        ? Self.value("images", .uint8, [height, width, 3])
        : Self.value("images", .float, [3, height, width])
    ]
    let shape = first.shape
    graph.output = [
      Self.value(
        result, .float, isPicture ? [shape[3], shape[1], shape[2]] : Array(shape.dropFirst()))
    ]
    let bytes = graph.initializer.reduce(0) { $0 + $1.rawData.count }
    guard bytes < 2_000_000_000 else { throw .tooLarge(bytes: bytes) }
    var model = ONNXModelProto()
    model.irVersion = 8
    model.producerName = "swift-vision"
    var set = ONNXOperatorSetIdProto()
    set.version = Int64(Self.operatorSet)
    model.opsetImport = [set]
    model.metadataProps = metadata.sorted { $0.key < $1.key }.map { key, text in
      var entry = ONNXStringStringEntryProto()
      entry.key = key
      entry.value = text
      return entry
    }
    model.graph = graph
    proto = model
  }

  /// Reads a file that was written here.
  ///
  /// - Throws: the error of the file system, or of the format.
  public init(contentsOf url: URL) throws {
    proto = try ONNXModelProto(serializedBytes: Data(contentsOf: url))
    takesBytes =
      proto.graph.input.first?.type.tensorType.elemType
      == Int32(ONNXTensorProto.DataType.uint8.rawValue)
  }

  /// Writes the file, in one atomic step.
  public func write(to url: URL) throws {
    let data: Data = try proto.serializedBytes()
    try data.write(to: url, options: .atomic)
  }

  private struct Traced {
    let steps: [TracedStep]
    let input: Int
    let output: Int
    let shape: [Int]
  }

  private static func trace(
    _ batch: Int, _ height: Int, _ width: Int, _ forward: (Variable, ForwardContext) -> Variable
  ) -> Traced {
    let context = ForwardContext.tracing()
    var random = RandomStream(seed: 1).split("pictures")
    let pictures = random.uniform(shape: [batch, height, width, 3], bound: 1)
    guard let tape = context.tape else { return Traced(steps: [], input: 0, output: -1, shape: []) }
    let input = tape.leaf(pictures)
    let output = forward(input, context)
    return Traced(
      steps: tape.steps, input: input.traceIndex, output: output.traceIndex, shape: output.shape)
  }

  private static func value(
    _ name: String, _ type: ONNXTensorProto.DataType, _ extents: [Int]
  ) -> ONNXValueInfoProto {
    var shape = ONNXTensorShapeProto()
    var batch = ONNXTensorShapeProto.Dimension()
    batch.dimParam = "batch"
    shape.dim = [batch]
    for extent in extents {
      var dimension = ONNXTensorShapeProto.Dimension()
      dimension.dimValue = Int64(extent)
      shape.dim.append(dimension)
    }
    var tensor = ONNXTypeProto.Tensor()
    tensor.elemType = Int32(type.rawValue)
    tensor.shape = shape
    var info = ONNXValueInfoProto()
    info.name = name
    info.type.tensorType = tensor
    return info
  }
}

extension ONNXTranslator {
  init(paths: [UInt: String], batchSource: String, step: TracedStep, other: TracedStep) {
    self.paths = paths
    self.batchSource = batchSource
    self.step = step
    self.other = other
  }

  /// Bytes to normalised values.
  mutating func normalized(_ name: String, _ mean: [Float], _ deviation: [Float]) -> String {
    let floats = graph.add(
      "Cast", [name], [.integer("to", ONNXTensorProto.DataType.float.rawValue)])
    let centred = graph.add(
      "Sub",
      [
        graph.add("Div", [floats, graph.number(255)]),
        graph.tensor(Tensor(mean, shape: [mean.count]), named: "mean"),
      ])
    return graph.add(
      "Div",
      [
        centred,
        graph.tensor(Tensor(deviation, shape: [deviation.count]), named: "deviation"),
      ])
  }

  /// A picture with channels first.
  mutating func picture(_ index: Int) -> String? {
    if let first = values[index]?.first { return first }
    guard let last = values[index]?.last else { return nil }
    return graph.add("Transpose", [last], [.integers("perm", [0, 3, 1, 2])])
  }
}
