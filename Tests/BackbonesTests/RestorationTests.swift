import Backbones
import Foundation
import Gradients
import Layers
import Tensors
import Testing

/// NAFNet, Restormer and SwinIR against PyTorch and against the numbers of their releases.
struct RestorationTests {
  private static let small = NAFNet.Configuration(
    width: 4, encoders: [1, 1], middle: 1, decoders: [1, 1])

  private static func restormer(
    _ normalization: Restormer.Configuration.Normalization, blocks: [Int] = [1, 1, 1, 1]
  ) -> Restormer {
    Restormer(
      .init(width: 8, blocks: blocks, refinement: 1, normalization: normalization),
      random: RandomStream(seed: 0))
  }

  private func expectClose(_ found: Double, _ expected: Double, tolerance: Double = 1e-4) {
    #expect(abs(found - expected) <= tolerance * max(1, abs(expected)), "\(found), not \(expected)")
  }

  /// Compares the output and the gradient of every parameter with what was recorded.
  private func expect(
    _ model: any RestorationBackbone, equals name: String, in golden: Golden, pictures: Tensor
  ) throws {
    fillByNoise(namedTensors(of: model))
    let context = ForwardContext.recordedInference()
    let output = model.restored(Variable(pictures), in: context)
    context.backward(from: output, seed: noise(921, output.shape))
    try golden.expect(output.value, equals: "\(name).output", within: 1e-5)
    #expect(model.parameters.count == golden.names("\(name).norm.").count)
    for (path, parameter) in model.parameters {
      let gradient = try #require(parameter.gradient, "\(path)")
      try golden.expectNorm(of: gradient, equals: "\(name).norm.\(path)", within: 1e-4)
      try golden.expectProjections(
        of: gradient, equals: "\(name).projection.\(path)", length: "\(name).norm.\(path)",
        within: 1e-4)
      if golden.names("\(name).gradient.").contains(path) {
        try golden.expect(gradient, equals: "\(name).gradient.\(path)", within: 1e-4)
      }
    }
  }

  @Test func `NAFNet equals PyTorch forward and backward, at a size that does not halve`() throws {
    let model = NAFNet(
      .init(width: 4, encoders: [1, 2], middle: 1, decoders: [2, 1]), random: RandomStream(seed: 0))
    try expect(
      model, equals: "plain", in: Golden("nafnet"), pictures: noise(920, [2, 11, 14, 3]))
  }

  @Test func `NAFNet's local pooling equals PyTorch, and training pools whole pictures`() throws {
    var configuration = Self.small
    configuration.localPoolingCrop = 8
    let model = NAFNet(configuration, random: RandomStream(seed: 0))
    let whole = NAFNet(Self.small, random: RandomStream(seed: 0))
    fillByNoise(namedTensors(of: whole))
    let pictures = Variable(noise(922, [1, 22, 13, 3]))
    try expect(model, equals: "local", in: Golden("nafnet"), pictures: pictures.value)
    let output = model.restored(pictures, in: .inference()).value
    let preview = ForwardContext.preview(random: RandomStream(seed: 0))
    #expect(
      model.restored(pictures, in: preview).value == whole.restored(pictures, in: preview).value)
    #expect(output != whole.restored(pictures, in: .inference()).value)
  }

  /// Passes that record nothing fuse what passes with a tape compute one by one.
  @Test(arguments: [nil, 8])
  func `NAFNet's fused passes equal the recorded ones`(crop: Int?) {
    var configuration = Self.small
    configuration.localPoolingCrop = crop
    let model = NAFNet(configuration, random: RandomStream(seed: 4))
    // Scales of branches start at 0, which would hide everything behind them.
    for (path, parameter) in model.parameters
    where path.hasSuffix("beta") || path.hasSuffix("gamma") {
      var random = RandomStream(seed: 5).split(path)
      parameter.value = random.uniform(shape: parameter.value.shape, bound: 1)
    }
    let pictures = Variable(noise(3, [2, 21, 26, 3]))
    let fused = model.restored(pictures, in: .inference()).value
    let recorded = model.restored(pictures, in: .recordedInference()).value
    for (a, b) in zip(fused.values, recorded.values) { #expect(abs(a - b) <= 1e-5) }
  }

  @Test func `NAFNet's formula numbers and the gradients of its loss`() throws {
    let model = NAFNet(Self.small, random: RandomStream(seed: 0))
    let tensors = namedTensors(of: model)
    #expect(tensors.count == 100)
    fillByFormula(tensors, amplitude: 0.1)
    let pictures = formulaPicture(height: 10, width: 6)
    let context = ForwardContext.recordedInference()
    let output = model.restored(Variable(pictures), in: context)
    expectClose(output.value.summed(), 11.89190424)
    expectClose(output.value.summedSquares(), 101.88363272)
    expectClose(Double(output.value[0]), -0.01367229)
    expectClose(Double(output.value[3]), 0.05432648)
    expectClose(Double(output.value[output.value.count - 1]), -1.11776242)
    // 10 log10(mean squared error + 1e-8) against half the input, the negative PSNR of the release.
    let difference = output - Variable(pictures.scaled(by: 0.5))
    let error = (difference * difference).mean()
    let loss = (error + Variable(Tensor(1e-8))).logarithm() * (10 / 2.302585092994046)
    context.backward(from: loss)
    expectClose(Double(loss.value.scalar), -7.12159995)
    let norms = [
      "intro.weight": 34.3305315186, "encoders.0.0.beta": 0.0607642715,
      "ups.0.0.weight": 0.0550769222,
    ]
    for (name, expected) in norms {
      let parameter = try #require(model.parameters.first { $0.path == name }).parameter
      let gradient = try #require(parameter.gradient)
      let norm = gradient.summedSquares().squareRoot()
      #expect(abs(norm - expected) <= 2e-4 * expected, "\(name): \(norm), not \(expected)")
    }
  }

  @Test(arguments: [Restormer.Configuration.Normalization.withBias, .withoutBias])
  func `Restormer equals PyTorch forward and backward`(
    _ normalization: Restormer.Configuration.Normalization
  ) throws {
    let name = normalization == .withBias ? "with-bias" : "without-bias"
    try expect(
      Self.restormer(normalization, blocks: [1, 2, 1, 1]), equals: name, in: Golden("restormer"),
      pictures: noise(923, [2, 16, 8, 3]))
  }

  /// Names in the recording and how the features become a picture.
  static let tails: [(name: String, tail: SwinIR.Tail)] = [
    ("residual", .residual), ("classical-2", .shuffles(scale: 2)),
    ("classical-3", .shuffles(scale: 3)), ("classical-4", .shuffles(scale: 4)),
    ("lightweight-2", .direct(scale: 2)), ("lightweight-3", .direct(scale: 3)),
    ("lightweight-4", .direct(scale: 4)),
  ]

  @Test(arguments: tails.indices)
  func `SwinIR equals PyTorch forward and backward, at a size that windows do not divide`(
    _ index: Int
  ) throws {
    let (name, tail) = Self.tails[index]
    let model = SwinIR(
      .init(width: 12, depths: [2], heads: 3, window: 4, tail: tail), random: RandomStream(seed: 0))
    try expect(
      model, equals: name, in: Golden("swinir"), pictures: noise(924, [2, 9, 7, 3]))
  }

  @Test func `SwinIR for compression equals PyTorch, with windows of 7 and values 0…255`() throws {
    #expect(SwinIR.Configuration.compression.window == 7)
    let model = SwinIR(
      .init(
        width: 12, depths: [2], heads: 3, window: 7,
        range: SwinIR.Configuration.compression.range), random: RandomStream(seed: 0))
    try expect(
      model, equals: "compression", in: Golden("swinir"), pictures: noise(924, [2, 9, 12, 3]))
    // Published weights have tables of 13 × 13 distances.
    let published = try #require(RestorationCatalog.entry(named: "swinir_jpeg")).make(.blank)
    let table = try #require(
      published.parameters.first { $0.path.hasSuffix("relative_position_bias_table") })
    #expect(table.parameter.value.shape == [169, 6])
  }

  @Test func `Restormer's formula numbers`() {
    for (normalization, count, sum, squares) in [
      (Restormer.Configuration.Normalization.withBias, 98, -11.26495510, 176.03930534),
      (.withoutBias, 82, 3.87555178, 170.52366868),
    ] {
      let model = Self.restormer(normalization)
      let tensors = namedTensors(of: model)
      #expect(tensors.count == count)
      fillByFormula(tensors, amplitude: 0.1)
      let output = model.restored(
        Variable(formulaPicture(height: 16, width: 8)), in: .inference()
      ).value
      expectClose(output.summed(), sum)
      expectClose(output.summedSquares(), squares)
    }
  }

  @Test func `pictures of any size keep it, and a network starts as the identity`() throws {
    let picture = Variable(noise(3, [1, 5, 19, 3]))
    let network = NAFNet(Self.small, random: RandomStream(seed: 1))
    for (path, parameter) in network.parameters where path.hasPrefix("ending") {
      parameter.value = Tensor(zeros: parameter.value.shape)
    }
    #expect(network.restored(picture, in: .inference()).value == picture.value)
    let transformer = Self.restormer(.withBias).restored(picture, in: .inference()).value
    #expect(transformer.shape == [1, 5, 19, 3] && transformer.isFinite)
  }

  typealias Layout = (name: String, make: @Sendable () -> any RestorationBackbone)

  /// The published layouts in small width; the recorder checks the full widths against the papers.
  static let convolutionLayouts: [Layout] = [
    ("denoising", { NAFNet(.denoising(width: 8), random: RandomStream(seed: 0)) }),
    ("deblurring", { NAFNet(.deblurring(width: 8), random: RandomStream(seed: 0)) }),
    ("with-bias", { Restormer(.init(width: 16), random: RandomStream(seed: 0)) }),
    (
      "without-bias",
      {
        Restormer(.init(width: 16, normalization: .withoutBias), random: RandomStream(seed: 0))
      }
    ),
  ]

  static let swinLayouts: [Layout] = tails.map { name, tail in
    let make: @Sendable () -> any RestorationBackbone = {
      SwinIR(name.hasPrefix("light") ? .lightweight(tail) : .classical(tail), random: .blank)
    }
    return ("swinir-\(name)", make)
  }

  static let layouts = convolutionLayouts + swinLayouts

  @Test(arguments: layouts.indices)
  func `sizes and costs are those of the layouts`(_ index: Int) throws {
    let (name, make) = Self.layouts[index]
    let model = make()
    let recorded = try Golden("restoration-sizes").tensor(name).values.map { Int($0) }
    #expect(model.parameterCount() == recorded[0], "\(name)")
    let extent = Extent(height: 64, width: 48)
    for (cost, place) in [
      (model.multiplyAccumulates(of: extent), 1),
      (model.attentionMultiplyAccumulates(of: extent), 2),
    ] {
      #expect(abs(cost - recorded[place]) <= recorded[place] / 100_000, "\(name): \(cost)")
    }
    #expect(model.multiplyAccumulates > recorded[1])
  }

  @Test(arguments: [
    ("nafnet_w32", 29_159_715, 16.0), ("nafnet_w64", 115_982_915, 63.2),
    ("nafnet_w32_deblur", 17_111_907, 16.0), ("nafnet_w64_deblur", 67_888_835, 63.1),
    ("restormer", 26_126_644, 141.0), ("restormer_denoise", 26_111_668, 141.0),
    ("swinir", 11_504_163, 800.3), ("swinir_x4", 11_900_199, 856.9),
  ])
  func `published networks have the published sizes`(
    _ name: String, _ parameters: Int, _ cost: Double
  ) throws {
    let model = try #require(RestorationCatalog.entry(named: name)).make(.blank)
    #expect(model.parameterCount() == parameters)
    // Papers count the attention of windows with the linear maps, not that of channels.
    let extent = model.inputExtent
    let attention = name.hasPrefix("swinir") ? model.attentionMultiplyAccumulates(of: extent) : 0
    let found = model.multiplyAccumulates + attention
    #expect(abs(Double(found) / 1e9 - cost) < 0.1, "\(name)")
  }

  @Test func `names are told apart`() {
    let names = RestorationCatalog.all.map(\.name)
    #expect(Set(names).count == names.count)
    #expect(Set(names).isDisjoint(with: BackboneCatalog.all.map(\.name)))
  }
}
