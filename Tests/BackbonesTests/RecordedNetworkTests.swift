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
        try golden.expectProjections(
          of: gradient, equals: "\(name).projection.\(path)", length: "\(name).norm.\(path)",
          within: 1e-4)
      }
    }
  }

  @Test func `ResNet in training equals torchvision, running statistics included`() throws {
    let golden = try Golden("resnet")
    let model = ResNet(
      blocks: [1, 1, 1, 1], classes: 5, image: Extent(height: 64, width: 32),
      random: RandomStream(seed: 0))
    fillByNoise(namedTensors(of: model))
    let pictures = noise(915, [4, 64, 32, 3])
    let output = run(.training(random: RandomStream(seed: 0)), pictures: pictures, seed: 911) {
      model.logits(of: $0, in: $1)
    }
    try golden.expect(output, equals: "output", within: 1e-5)
    for (path, parameter) in model.parameters {
      let gradient = try #require(parameter.gradient)
      try golden.expectNorm(of: gradient, equals: "norm.\(path)", within: 1e-4)
      try golden.expectProjections(
        of: gradient, equals: "projection.\(path)", length: "norm.\(path)", within: 1e-4)
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

  private func publishedNames(_ network: String) throws -> [String: [Int]] {
    struct Names: Decodable { let networks: [String: [String: [Int]]] }
    let names = try JSONDecoder().decode(
      Names.self, from: Data(contentsOf: try Golden.url("names.json")))
    return try #require(names.networks[network])
  }

  private func names(of model: any Module) -> [String: [Int]] {
    var found: [String: [Int]] = [:]
    for (path, parameter) in model.parameters { found[path] = parameter.value.shape }
    for (path, buffer) in model.buffers { found[path] = buffer.value.shape }
    return found
  }

  @Test func `names and shapes are those of timm's vit_tiny`() throws {
    let entry = try #require(BackboneCatalog.entry(named: "vit_tiny_patch16_224"))
    let model = try entry.make(.init(), random: RandomStream(seed: 0))
    #expect(try publishedNames("vit_tiny_patch16_224") == names(of: model))
    // 5,717,416 with 1000 classes at 224 × 224, whose grid has 68 patches more.
    #expect(model.parameterCount() == 5_717_416 - 68 * 192 - 193_000)
  }

  @Test func `names and shapes are those of torchvision's resnet50`() throws {
    let model = ResNet(
      blocks: [2, 1, 1, 1], image: Extent(height: 64, width: 32), random: RandomStream(seed: 0))
    // Both kinds of block stand in the first stage; later blocks of a stage repeat the second kind.
    let repeated = /layer1\.2\..*|layer[234]\.[1-9]\..*/
    let expected = try publishedNames("resnet50").filter { name, _ in
      name.wholeMatch(of: repeated) == nil
    }
    #expect(names(of: model) == expected)
  }

  /// One small network of every family.
  static let families: [(name: String, make: @Sendable (UInt64) -> any MaskableBackbone)] = [
    (
      "plain transformer",
      {
        VisionTransformer(
          .init(image: Extent(height: 32, width: 16), patch: 8, width: 12, depth: 2, heads: 3),
          random: RandomStream(seed: $0))
      }
    ),
    (
      "relative positions",
      {
        VisionTransformer(
          .relative(image: Extent(height: 32, width: 16), patch: 8, width: 12, depth: 2, heads: 3),
          random: RandomStream(seed: $0))
      }
    ),
    (
      "small convolutional",
      {
        SmallConvolutionNetwork(
          width: 4, image: Extent(height: 32, width: 16), random: RandomStream(seed: $0))
      }
    ),
    (
      "shifted windows",
      {
        SwinTransformer(
          .init(
            image: Extent(height: 32, width: 16), patch: 2, width: 8, depths: [2, 2],
            heads: [2, 4], window: Extent(height: 4, width: 4)), random: RandomStream(seed: $0))
      }
    ),
    (
      "bottlenecks",
      {
        ResNet(
          blocks: [1, 1, 1, 1], image: Extent(height: 64, width: 32),
          random: RandomStream(seed: $0))
      }
    ),
    (
      "bottlenecks that mix instances",
      {
        ResNet(
          blocks: [1, 1, 1, 1], lastStride: 1, mixesInstances: true,
          image: Extent(height: 64, width: 32), random: RandomStream(seed: $0))
      }
    ),
    (
      "inverted bottlenecks",
      {
        MobileNetV2(
          counts: [Int](repeating: 1, count: 7), image: Extent(height: 64, width: 32),
          random: RandomStream(seed: $0))
      }
    ),
  ]

  /// A new family would otherwise be listed without ever being masked in a test.
  @Test func `every family of the catalog is among them`() throws {
    let tested = Set(Self.families.map { "\(type(of: $0.make(1)))" })
    for entry in BackboneCatalog.all {
      let model = try entry.make(.init(), random: .blank)
      guard model is any MaskableBackbone else { continue }
      #expect(tested.contains("\(type(of: model))"), "\(entry.name)")
    }
  }

  @Test(arguments: families.indices)
  func `every family keeps its promises`(_ family: Int) throws {
    let (name, make) = Self.families[family]
    let model = make(1)
    let extent = model.inputExtent
    let pictures = Variable(noise(1, [2, extent.height, extent.width, 3]))
    let features = model.features(of: pictures, in: .inference()).value
    #expect(features.shape == [2, model.featureWidth], "\(name)")
    #expect(features.isFinite)
    // A picture's features do not depend on its neighbours in the batch.
    let alone = model.features(of: Variable(pictures.value.rows(1..<2)), in: .inference()).value
    let difference = zip(alone.values, features.rows(1..<2).values).map { abs($0 - $1) }.max() ?? 1
    #expect(difference < 1e-5, "\(name)")
    let cells = extent.height / model.maskStride * (extent.width / model.maskStride)
    let token = Variable(Tensor(repeating: 0.5, shape: [1, 1, model.maskChannels]))
    func map(_ pictures: Variable, masked: Bool) -> Tensor {
      model.maskedFeatureMap(
        of: pictures, mask: [Bool](repeating: masked, count: 2 * cells), token: token,
        in: .inference()
      ).value
    }
    #expect(
      map(pictures, masked: false).shape == [
        2, extent.height / model.mapStride, extent.width / model.mapStride, model.featureWidth,
      ])
    // Where everything is hidden the picture cannot matter.
    let others = Variable(noise(2, pictures.shape))
    #expect(map(pictures, masked: true) == map(others, masked: true), "\(name)")
    #expect(map(pictures, masked: false) != map(others, masked: false), "\(name)")
    #expect(model.multiplyAccumulates > 0)
    // The same seed makes the same network, another seed another.
    let (again, other) = (make(1).parameters, make(2).parameters)
    #expect(zip(model.parameters, again).allSatisfy { $0.parameter.value == $1.parameter.value })
    #expect(!zip(model.parameters, other).allSatisfy { $0.parameter.value == $1.parameter.value })
  }

  @Test func `the small network of the catalog has a third of a million weights`() throws {
    let entry = try #require(BackboneCatalog.entry(named: "convnet_small"))
    let model = try entry.make(.init(), random: RandomStream(seed: 0))
    #expect((300_000...330_000).contains(model.parameterCount()))
    #expect(Set(BackboneCatalog.all.map(\.name)).count == BackboneCatalog.all.count)
  }
}
