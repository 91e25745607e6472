import Adapters
import Backbones
import Foundation
import Gradients
import Layers
import Tensors
import Testing

@testable import AdapterFiles

/// A folder or file recorded by `tools/goldens/peft_adapters.py`.
enum Golden {
  static func url(_ name: String) throws -> URL {
    try #require(
      Bundle.module.url(forResource: name, withExtension: nil, subdirectory: "Goldens"))
  }

  /// Names of the recorded adapters.
  static let cases = [
    "lora-transformer", "dora-transformer", "loha-transformer", "lokr-transformer",
    "adalora-transformer", "rslora-transformer", "pissa-transformer", "vera-transformer",
    "lntuning-transformer", "lora-convnet", "dora-convnet", "loha-convnet", "lokr-convnet",
    "adalora-convnet", "saved-convnet", "vera-convnet", "pissa-convnet", "rslora-convnet",
    "lntuning-convnet", "pruned-transformer", "pruned-convnet", "classifier-transformers",
    "saved-batchnet", "lntuning-batchnet",
  ]

  /// Tensors of a file.
  static func tensors(_ name: String) throws -> [String: Tensor] {
    try AdapterTensors.read(try url(name))
  }

  /// The recorded network of a case, with its weights and the input.
  static func network(of name: String) throws -> (network: any TestNetwork, input: Tensor) {
    if name.hasSuffix("nafnet") { return (Restorer(), Restorer.picture) }
    let kind = ["convnet", "batchnet"].first { name.hasSuffix($0) } ?? "transformer"
    let tensors = try tensors("\(kind).safetensors")
    let network: any TestNetwork =
      switch kind {
      case "convnet": ConvNet()
      case "batchnet": BatchNet()
      default: Transformer()
      }
    for (path, parameter) in network.weights.parameters {
      parameter.value = try #require(tensors["base.\(path)"], "\(path)")
    }
    for (path, buffer) in network.weights.buffers {
      buffer.value = try #require(tensors["base.\(path)"], "\(path)")
    }
    return (network, try #require(tensors["input"]))
  }
}

/// A network that the recorder has too.
protocol TestNetwork {
  /// The module with the weights.
  var weights: any Module { get }
  /// What the recorder calls the output.
  func output(_ input: Variable, in context: ForwardContext) -> Variable
}

/// timm's vision transformer at 16×8 pixels.
struct Transformer: TestNetwork {
  private let network = VisionTransformer(
    .init(image: Extent(height: 16, width: 8), patch: 4, width: 12, depth: 2, heads: 2),
    random: RandomStream(seed: 0))

  var weights: any Module { network }

  func output(_ input: Variable, in context: ForwardContext) -> Variable {
    network.features(of: input, in: context)
  }
}

/// Every kind of convolution that adapters meet.
final class ConvNet: Module, TestNetwork {
  private let stem: Convolution2D
  private let down: Convolution2D
  private let grouped: Convolution2D
  private let depthwise: Convolution2D
  private let point: Convolution2D
  private let norm = LayerNormalization(6, epsilon: 1e-5)
  private let head: Linear

  init() {
    var random = RandomStream(seed: 0)
    stem = Convolution2D(3, 8, kernel: 3, padding: 1, hasBias: true, random: &random)
    down = Convolution2D(8, 12, kernel: 3, stride: 2, padding: 1, hasBias: true, random: &random)
    grouped = Convolution2D(
      12, 12, kernel: 3, padding: 1, groups: 2, hasBias: true, random: &random)
    depthwise = Convolution2D(
      12, 12, kernel: 3, padding: 1, groups: 12, hasBias: true, random: &random)
    point = Convolution2D(12, 6, kernel: 1, hasBias: true, random: &random)
    head = Linear(6, 5, random: &random)
  }

  var weights: any Module { self }

  func output(_ input: Variable, in context: ForwardContext) -> Variable {
    var x = input
    for layer in [stem, down, grouped, depthwise, point] {
      x = layer(x, in: context).rectified()
    }
    return head(norm(x.meanOverPositions(), in: context), in: context)
  }
}

/// Two norms over the batch.
final class BatchNet: Module, TestNetwork {
  private let conv1: Convolution2D
  private let bn1 = BatchNormalization(8)
  private let conv2: Convolution2D
  private let bn2 = BatchNormalization(6)
  private let head: Linear

  init() {
    var random = RandomStream(seed: 0)
    conv1 = Convolution2D(3, 8, kernel: 3, padding: 1, random: &random)
    conv2 = Convolution2D(8, 6, kernel: 3, stride: 2, padding: 1, random: &random)
    head = Linear(6, 4, random: &random)
  }

  var weights: any Module { self }

  func output(_ input: Variable, in context: ForwardContext) -> Variable {
    let x = bn1(conv1(input, in: context), rectifying: true, in: context)
    let y = bn2(conv2(x, in: context), rectifying: true, in: context)
    return head(y.meanOverPositions(), in: context)
  }
}

/// A small NAFNet, which the recorder has for its check alone: blocks with parameters of their own.
struct Restorer: TestNetwork {
  private let network = NAFNet(
    .init(width: 4, encoders: [1], middle: 1, decoders: [1]), random: RandomStream(seed: 4))

  static var picture: Tensor {
    var random = RandomStream(seed: 5)
    return random.uniform(shape: [1, 8, 8, 3], bound: 0.5)
  }

  init() {
    // The gains of the blocks start at 0, where nothing inside a block would be seen.
    for (path, parameter) in network.parameters where path.hasSuffix("a") {
      var random = RandomStream(seed: 6).split(path)
      parameter.value = random.uniform(shape: parameter.value.shape, bound: 1)
    }
  }

  var weights: any Module { network }

  func output(_ input: Variable, in context: ForwardContext) -> Variable {
    network.restored(input, in: context)
  }
}

/// The largest difference over the largest magnitude of what is expected.
func relativeDifference(_ found: Tensor, _ expected: Tensor) -> Float {
  let found = found.reshaped(found.count == expected.count ? expected.shape : found.shape)
  return Float(found.largestDifference(from: expected) / max(expected.largestMagnitude, 1e-6))
}

/// A folder that is gone after the test.
func withTemporaryFolder<Result>(_ body: (URL) throws -> Result) throws -> Result {
  let folder = FileManager.default.temporaryDirectory
    .appendingPathComponent("adapters-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  return try body(folder)
}
