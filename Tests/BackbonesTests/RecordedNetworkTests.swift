import Backbones
import Foundation
import Gradients
import Layers
import Tensors
import Testing

/// Networks against timm and torchvision: outputs, gradients, running statistics, names.
struct RecordedNetworkTests {
  /// Runs a network on recorded noise and sends recorded noise back as the gradient.
  private func run(
    _ context: ForwardContext, pictures: Tensor, seed: Int,
    _ network: (Variable, ForwardContext) -> Variable
  ) -> Tensor {
    let output = network(Variable(pictures), context)
    context.backward(from: output, seed: noise(seed, output.shape))
    return output.value
  }

  @Test(arguments: [VisionTransformer.Configuration.Pooling.token, .mean])
  func `vision transformer equals timm forward and backward`(
    _ pooling: VisionTransformer.Configuration.Pooling
  ) throws {
    let golden = try Golden("vision-transformer")
    let name = pooling == .token ? "token" : "avg"
    let model = VisionTransformer(
      .init(
        image: Extent(height: 32, width: 16), patch: 8, width: 24, depth: 2, heads: 3, classes: 5,
        pooling: pooling), random: RandomStream(seed: 0))
    fillByNoise(namedTensors(of: model))
    let output = run(.recordedInference(), pictures: noise(900, [2, 32, 16, 3]), seed: 901) {
      model.logits(of: $0, in: $1)
    }
    try golden.expect(output, equals: "\(name).output", within: 1e-5)
    for (path, parameter) in model.parameters {
      let gradient = try #require(parameter.gradient)
      if pooling == .token {
        try golden.expect(gradient, equals: "\(name).gradient.\(path)", within: 1e-4)
      } else {
        try golden.expectNorm(of: gradient, equals: "\(name).norm.\(path)", within: 1e-4)
      }
    }
  }

  @Test func `ResNet in training equals torchvision, running statistics included`() throws {
    let golden = try Golden("resnet")
    let model = ResNet(
      blocks: [1, 1, 1, 1], classes: 5, image: Extent(height: 64, width: 64),
      random: RandomStream(seed: 0))
    fillByNoise(namedTensors(of: model))
    let pictures = noise(910, [4, 64, 64, 3])
    let output = run(.training(random: RandomStream(seed: 0)), pictures: pictures, seed: 911) {
      model.logits(of: $0, in: $1)
    }
    try golden.expect(output, equals: "output", within: 1e-5)
    for (path, parameter) in model.parameters {
      let gradient = try #require(parameter.gradient)
      try golden.expectNorm(of: gradient, equals: "norm.\(path)", within: 1e-4)
    }
    for path in golden.names("gradient.") {
      let parameter = try #require(model.parameters.first { $0.path == path }).parameter
      try golden.expect(
        try #require(parameter.gradient), equals: "gradient.\(path)", within: 1e-4)
    }
    for (path, buffer) in model.buffers where !buffer.isInteger {
      try golden.expect(buffer.value, equals: "buffer.\(path)", within: 1e-5)
    }
    #expect(
      model.buffers.filter { $0.buffer.isInteger }.allSatisfy { $0.buffer.value.scalar == 1 })
    let evaluation = model.logits(of: Variable(pictures), in: .inference()).value
    try golden.expect(evaluation, equals: "evaluation", within: 1e-5)
  }

  @Test(arguments: ["vit_tiny_patch16_224", "resnet50"])
  func `names and shapes are those of published files`(_ name: String) throws {
    struct Names: Decodable { let networks: [String: [String: [Int]]] }
    let names = try JSONDecoder().decode(
      Names.self, from: Data(contentsOf: try Golden.url("names.json")))
    let expected = try #require(names.networks[name])
    let entry = try #require(BackboneCatalog.entry(named: name))
    let model = entry.make(Extent(height: 256, width: 128), RandomStream(seed: 0))
    var found: [String: [Int]] = [:]
    for (path, parameter) in model.parameters { found[path] = parameter.value.shape }
    for (path, buffer) in model.buffers { found[path] = buffer.value.shape }
    #expect(found == expected)
  }

  @Test func `parameter counts are the published ones`() throws {
    // Counts with 1000 classes: 5,717,416 for ViT-Tiny at 224², 25,557,032 for ResNet-50.
    let tiny = VisionTransformer(
      .init(image: Extent(height: 224, width: 224), width: 192, heads: 3, classes: 1000),
      random: RandomStream(seed: 0))
    #expect(tiny.parameterCount() == 5_717_416)
    let small = SmallConvolutionNetwork(
      width: 16, image: Extent(height: 128, width: 64), random: RandomStream(seed: 0))
    #expect((300_000...330_000).contains(small.parameterCount()))
  }

  /// The small member of each family: the others differ in width alone.
  @Test(arguments: ["convnet_small", "vit_tiny_patch16_224"])
  func `every backbone of the catalog keeps its promises`(_ name: String) throws {
    let entry = try #require(BackboneCatalog.entry(named: name))
    let unit = max(entry.extentUnit, 32)
    let extent = Extent(height: 2 * unit, width: unit)
    let model = entry.make(extent, RandomStream(seed: 1))
    let pictures = Variable(noise(1, [2, extent.height, extent.width, 3]))
    let features = model.features(of: pictures, in: .inference()).value
    #expect(features.shape == [2, model.featureWidth])
    #expect(features.isFinite)
    // A picture's features do not depend on its neighbours in the batch.
    let alone = model.features(of: Variable(pictures.value.rows(1..<2)), in: .inference()).value
    let difference = zip(alone.values, features.rows(1..<2).values).map { abs($0 - $1) }.max() ?? 1
    #expect(difference < 1e-4)
    let cells = extent.height / model.maskStride * (extent.width / model.maskStride)
    let mask = (0..<(2 * cells)).map { $0 % 3 == 0 }
    let token = Variable(Tensor(zeros: [1, 1, model.maskChannels]))
    let map = model.maskedFeatureMap(of: pictures, mask: mask, token: token, in: .inference())
    #expect(
      map.shape == [
        2, extent.height / model.mapStride, extent.width / model.mapStride, model.featureWidth,
      ])
    #expect(model.multiplyAccumulates > 0)
    // The same seed makes the same network, another seed another.
    let again = entry.make(extent, RandomStream(seed: 1)).parameters
    #expect(zip(model.parameters, again).allSatisfy { $0.parameter.value == $1.parameter.value })
  }
}
