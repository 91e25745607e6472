import Backbones
import Foundation
import Gradients
import Layers
import Storage
import Tensors
import Testing

/// Networks recorded from their own forward pass, computed again from the file.
struct ONNXModelTests {
  private func expectSame(
    _ network: any Module, _ extent: Extent, _ forward: (Variable, ForwardContext) -> Variable
  ) throws {
    // Gates and scales that start at 0 or 1 would hide what is behind them.
    var random = RandomStream(seed: 9)
    for (_, parameter) in network.parameters
    where parameter.value.rank == 1 || parameter.value.rank == 4 {
      parameter.value.add(random.uniform(shape: parameter.value.shape, bound: 0.2))
    }
    let file = FileManager.default.temporaryDirectory
      .appendingPathComponent("\(UUID().uuidString).onnx")
    defer { try? FileManager.default.removeItem(at: file) }
    try ONNXModel(
      parameters: network.parameters, height: extent.height, width: extent.width, forward: forward
    ).write(to: file)
    let written = try ONNXModel(contentsOf: file)
    for batch in [1, 4] {
      let pictures = random.uniform(shape: [batch, extent.height, extent.width, 3], bound: 1)
      let own = forward(Variable(pictures), .inference()).value
      let again = try written.evaluated(on: pictures)
      #expect(own.shape == again.shape)
      let difference = again.largestDifference(from: own)
      let size = max(own.largestMagnitude, 1e-6)
      #expect(difference <= 1e-4 * size, "off by \(difference / size)")
    }
  }

  @Test func `a transformer, with a class token or without`() throws {
    for pooling in [VisionTransformer.Configuration.Pooling.token, .mean] {
      let extent = Extent(height: 32, width: 16)
      let network = VisionTransformer(
        .init(image: extent, patch: 8, width: 24, depth: 2, heads: 3, pooling: pooling),
        random: RandomStream(seed: 1))
      try expectSame(network, extent) { network.features(of: $0, in: $1) }
    }
  }

  @Test func `a small residual network`() throws {
    let extent = Extent(height: 32, width: 16)
    let network = SmallConvolutionNetwork(width: 4, image: extent, random: RandomStream(seed: 1))
    try expectSame(network, extent) { network.features(of: $0, in: $1) }
  }

  @Test func `restoration, with whole and with local pooling, at a size that does not halve`()
    throws
  {
    for crop in [nil, 8] {
      let network = NAFNet(
        .init(width: 4, encoders: [1, 1], middle: 1, decoders: [1, 1], localPoolingCrop: crop),
        random: RandomStream(seed: 1))
      try expectSame(network, Extent(height: 18, width: 21)) { network.restored($0, in: $1) }
    }
    for normalization in [Restormer.Configuration.Normalization.withBias, .withoutBias] {
      let network = Restormer(
        .init(width: 8, blocks: [1, 1, 1, 1], refinement: 1, normalization: normalization),
        random: RandomStream(seed: 1))
      try expectSame(network, Extent(height: 19, width: 16)) { network.restored($0, in: $1) }
    }
  }

  @Test func `an operation without a form is named`() throws {
    let error = try #require(throws: ONNXError.self) {
      _ = try ONNXModel(parameters: [], height: 4, width: 4) { pictures, _ in
        pictures.reshaped([pictures.shape[0], 48]).scattered(
          to: Array(0..<pictures.shape[0]), count: pictures.shape[0])
      }
    }
    #expect(error.description.contains("scattered"))
  }
}
