import Foundation
import Gradients
import Layers
import Pretraining
import Tensors
import Testing

@testable import Backbones

/// Backbones against their references: outputs, gradients of every parameter, resampled positions.
struct RecordedBackboneTests {
  /// Runs a network on recorded noise and compares it with a recording.
  private func compare(
    _ model: any Backbone, with golden: Golden, _ name: String, pictures: (rank: Int, count: Int),
    seed: Int, isTraining: Bool = false
  ) throws {
    fillByNoise(namedTensors(of: model))
    let extent = model.inputExtent
    let context =
      isTraining
      ? ForwardContext.training(random: RandomStream(seed: 0)) : .recordedInference()
    let input = noise(pictures.rank, [pictures.count, extent.height, extent.width, 3])
    let output = model.features(of: Variable(input), in: context)
    context.backward(from: output, seed: noise(seed, output.shape))
    try golden.expect(output.value, equals: "\(name).output", within: 1e-5)
    let recorded = Set(golden.names("\(name).norm."))
    // A gradient that cancels to nothing has no relative error: the largest one sets the scale.
    let largest = try recorded.map { try golden.tensor("\(name).norm.\($0)").scalar }.max() ?? 1
    for (path, parameter) in model.parameters where !path.hasPrefix("head") {
      guard parameter.isTrainable else { continue }
      let gradient = try #require(parameter.gradient, "\(name): \(path)")
      #expect(recorded.contains(path), "\(name): \(path)")
      try golden.expectNorm(
        of: gradient, equals: "\(name).norm.\(path)", within: 1e-4, floor: 1e-6 * Double(largest))
      try golden.expectProjections(
        of: gradient, equals: "\(name).projection.\(path)", length: "\(name).norm.\(path)",
        within: 1e-4, floor: 1e-6 * Double(largest))
    }
    for path in golden.names("\(name).gradient.") {
      let parameter = try #require(model.parameters.first { $0.path == path }).parameter
      // A key bias shifts all scores of a row alike, so its gradient is nothing but rounding.
      guard let gradient = parameter.gradient else { continue }
      let size = Double(try golden.tensor("\(name).norm.\(path)").scalar)
      guard size > 1e-6 * Double(largest) else { continue }
      try golden.expect(gradient, equals: "\(name).gradient.\(path)", within: 1e-4)
    }
  }

  @Test(arguments: ["mean-norm", "registers", "prefix-positions", "no-class", "beit", "shared"])
  func `vision transformers equal timm`(_ name: String) throws {
    let image = Extent(height: 32, width: 16)
    var shape = VisionTransformer.Configuration(
      image: image, patch: 8, width: 24, depth: 2, heads: 3, pooling: .token)
    switch name {
    case "mean-norm":
      shape.pooling = .mean
      shape.normalizesAfterPooling = true
      shape.classes = 4
    case "registers":
      shape.registers = 3
      shape.positionsOfPrefix = false
      shape.layerScale = 1e-5
    case "prefix-positions": shape.registers = 2
    case "no-class":
      shape.hasClassToken = false
      shape.pooling = .mean
    case "shared": shape = .relative(image: image, patch: 8, width: 24, depth: 2, heads: 3)
    default:
      shape = .relative(image: image, patch: 8, width: 24, depth: 2, heads: 3, isShared: false)
      shape.classes = 4
    }
    try compare(
      VisionTransformer(shape, random: RandomStream(seed: 0)), with: Golden("backbones-vit"), name,
      pictures: (900, 2), seed: 901)
  }

  @Test(arguments: [
    ("square", Extent(height: 32, width: 32), 4), ("rectangle", Extent(height: 64, width: 32), 4),
    ("padded", Extent(height: 40, width: 24), 3),
  ])
  func `Swin transformers equal timm`(_ name: String, _ image: Extent, _ window: Int) throws {
    let model = SwinTransformer(
      .init(
        image: image, patch: 2, width: 8, depths: [2, 2, 1], heads: [1, 2, 4],
        window: Extent(height: window, width: window)), random: RandomStream(seed: 0))
    try compare(model, with: Golden("backbones-swin"), name, pictures: (903, 2), seed: 904)
  }

  @Test func `PETALface's Swin transformer equals its description`() throws {
    var shape = SwinTransformer.Configuration.petalFace
    shape.image = Extent(height: 24, width: 24)
    (shape.patch, shape.width, shape.featureLayer) = (3, 8, 6)
    (shape.depths, shape.heads) = ([2, 2], [1, 2])
    shape.window = Extent(height: 4, width: 4)
    try compare(
      SwinTransformer(shape, random: RandomStream(seed: 0)), with: Golden("backbones-petalface"),
      "petalface", pictures: (905, 2), seed: 906)
  }

  @Test func `ISR's Swin transformer with its feature layer`() throws {
    let model = SwinTransformer(
      .init(
        image: Extent(height: 32, width: 32), patch: 2, width: 8, depths: [2, 1], heads: [1, 2],
        window: Extent(height: 4, width: 4), featureLayer: 6), random: RandomStream(seed: 0))
    try compare(model, with: Golden("backbones-swin"), "isr", pictures: (903, 2), seed: 904)
  }

  @Test(arguments: [ResNet.Pooling.centered, .trailing])
  func `ResNet with a last stride of 1`(_ pooling: ResNet.Pooling) throws {
    let model = ResNet(
      blocks: [1, 1, 1, 1], lastStride: 1, mixesInstances: true, pooling: pooling,
      image: Extent(height: pooling == .centered ? 64 : 66, width: 32),
      random: RandomStream(seed: 0))
    try compare(
      model, with: Golden("backbones-convolutional"),
      pooling == .centered ? "ibn-stride1" : "ibn-fastreid", pictures: (907, 2), seed: 908)
  }

  @Test(arguments: [false, true])
  func `ResNet with instance norms`(_ isTraining: Bool) throws {
    let model = ResNet(
      blocks: [1, 1, 1, 1], mixesInstances: true, image: Extent(height: 64, width: 32),
      random: RandomStream(seed: 0))
    try compare(
      model, with: Golden("backbones-convolutional"), isTraining ? "ibn-training" : "ibn",
      pictures: (907, isTraining ? 4 : 2), seed: 908, isTraining: isTraining)
  }

  @Test(arguments: [false, true])
  func `insightface's residual network`(_ isTraining: Bool) throws {
    let model = FaceResNet(
      blocks: isTraining ? [1, 1, 1, 1] : [1, 1, 2, 1], features: 8,
      image: Extent(height: 32, width: 32), random: RandomStream(seed: 0))
    try compare(
      model, with: Golden("backbones-convolutional"), isTraining ? "face-training" : "face",
      pictures: isTraining ? (1014, 4) : (909, 2), seed: 912, isTraining: isTraining)
  }

  @Test func `MobileNetV2 equals timm`() throws {
    let model = MobileNetV2(
      counts: [1, 1, 1, 1, 1, 1, 1], image: Extent(height: 32, width: 32),
      random: RandomStream(seed: 0))
    try compare(
      model, with: Golden("backbones-convolutional"), "mobile", pictures: (1014, 2), seed: 914)
  }

  @Test(arguments: [
    (Extent(height: 4, width: 2), Extent(height: 6, width: 5)),
    (Extent(height: 14, width: 14), Extent(height: 16, width: 8)),
    (Extent(height: 16, width: 8), Extent(height: 7, width: 7)),
    (Extent(height: 16, width: 8), Extent(height: 8, width: 16)),
  ])
  func `positions are resampled as timm does it`(_ old: Extent, _ new: Extent) throws {
    let golden = try Golden("backbones-vit")
    let index = old.height == 4 ? 0 : old.height == 14 ? 1 : new.height == 7 ? 2 : 3
    let model = VisionTransformer(
      .init(
        image: Extent(height: new.height * 8, width: new.width * 8), patch: 8, width: 4, depth: 1,
        heads: 1), random: RandomStream(seed: 0))
    let stored = noise(902, [1, 1 + old.height * old.width, 4])
    let found = try #require(
      model.resized(
        "pos_embed", stored, from: Extent(height: old.height * 8, width: old.width * 8)))
    try golden.expect(found, equals: "positions.\(index)", within: 2e-6)
    // A table that is not of that grid is no table.
    #expect(model.resized("pos_embed", stored, from: Extent(height: 8, width: 8)) == nil)
  }

  @Test func `tables of relative positions are resampled as SimMIM's release does it`() throws {
    // A window of 6 for one of 7: 11 distances a side to 13.
    let model = SwinTransformer(
      .init(
        image: Extent(height: 28, width: 28), patch: 2, width: 4, depths: [1], heads: [1],
        window: Extent(height: 7, width: 7)), random: RandomStream(seed: 0))
    let table = Tensor((0..<121).map { Float(sine(0.3 * Double($0))) }, shape: [121, 1])
    let path = "layers.0.blocks.0.attn.relative_position_bias_table"
    // A picture of 12 pixels has a map of 6 cells, hence that window.
    let found = try #require(
      model.resized(path, table, from: Extent(height: 12, width: 12)))
    #expect(found.shape == [169, 1])
    let expected: [(Int, Float)] = [
      (0, -1.1486e-5), (1, 0.20702839), (2, 0.41792620), (6 * 13 + 6, -0.75098725),
    ]
    for (index, value) in expected { #expect(abs(found[index] - value) < 1e-6) }
    #expect(abs(found.summed() + 2.82098482) < 1e-4)
  }

  @Test func `distances of relative positions grow as in SimMIM's release`() {
    func ratio(_ places: [Double]) -> Double { places[1] - places[0] }
    let grown = PositionResampling.knots(half: 11 / 2, reach: Double(13 / 2))
    for (found, expected) in zip(grown, [1, 2.0912813, 3.2821762, 4.5817775, 6.0000081]) {
      #expect(abs(found - expected) < 1e-6)
    }
    #expect(grown.count == 5 && abs(ratio(grown) - 1.0912813) < 1e-6)
    #expect(abs(ratio(PositionResampling.knots(half: 13 / 2, reach: 13)) - 1.3076190) < 1e-6)
    // Shrinking stays at the smallest ratio, which cuts the outer ring off.
    #expect(abs(ratio(PositionResampling.knots(half: 13 / 2, reach: 5)) - 1.01) < 1e-5)
  }

  @Test func `a shrunk table of relative positions loses its outer ring`() throws {
    let (from, to) = (Extent(height: 7, width: 7), Extent(height: 6, width: 6))
    let table = Tensor(
      (0..<169).map { Float(sine(0.2 * Double($0 / 13)) + 0.1 * Double($0 % 13)) },
      shape: [169, 1])
    let found = try #require(
      PositionResampling.relative(table, extraRows: 0, from: from, to: to))
    #expect(found.shape == [121, 1])
    for row in 0..<11 {
      for column in 0..<11 {
        let kept = table[(row + 1) * 13 + column + 1]
        #expect(abs(found[row * 11 + column] - kept) < 0.05, "\(row) \(column)")
      }
    }
    // The middle is where it was.
    #expect(abs(found[5 * 11 + 5] - table[6 * 13 + 6]) < 1e-6)
  }

  @Test(arguments: [
    ("simmim_vit_base_patch16_224", 224, nil as Int?, 86_256_720, 190, 1),
    ("swin_base_patch4_window7_224", 192, 6, 89_874_104, 365, 24 + 11),
  ])
  func `pretraining networks have the release's parameters and entries`(
    _ name: String, _ side: Int, _ window: Int?, _ parameters: Int, _ entries: Int,
    _ computed: Int
  ) throws {
    var options = BackboneOptions(image: Extent(height: side, width: side))
    options.window = window.map { Extent(height: $0, width: $0) }
    let entry = try #require(BackboneCatalog.entry(named: name))
    let backbone = try #require(
      try entry.make(options, random: .blank) as? any MaskableBackbone)
    let model = PretrainingModel(backbone: backbone, embedding: 1, random: .blank)
    let own = model.parameters.filter { !$0.path.hasPrefix("heads.embedding") }
    #expect(own.reduce(0) { $0 + $1.parameter.value.count } == parameters)
    // Tables of indices and masks of shifted windows are entries there and computed here.
    #expect(own.count + computed == entries)
  }

  @Test func `costs and entries are those of the published networks`() throws {
    struct Costs: Decodable {
      struct Network: Decodable {
        let parameters, classes, side, multiplyAccumulates, entries: Int
      }
      let networks: [String: Network]
    }
    let costs = try JSONDecoder().decode(
      Costs.self, from: Data(contentsOf: try Golden.url("costs.json")))
    for (name, network) in costs.networks {
      let entry = try #require(BackboneCatalog.entry(named: name))
      var options = BackboneOptions(image: Extent(height: network.side, width: network.side))
      options.classes = network.classes
      let model = try entry.make(options, random: .blank)
      #expect(model.parameterCount() == network.parameters, "\(name)")
      #expect(model.multiplyAccumulates == network.multiplyAccumulates, "\(name)")
      #expect(model.parameters.count + model.buffers.count == network.entries, "\(name)")
    }
  }
}
