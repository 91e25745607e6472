import Backbones
import Foundation
import Gradients
import Layers
import Losses
import Pretraining
import Tensors
import Testing

/// Forward results of the reference implementations with formula weights.
struct ReferenceNumberTests {
  private func expectClose(_ found: [Float], _ expected: [Float], tolerance: Float = 1e-4) {
    #expect(found.count == expected.count)
    for (a, b) in zip(found, expected) {
      #expect(abs(a - b) <= tolerance * max(1, abs(b)), "\(a) \(b)")
    }
  }

  @Test func `vision transformer equals timm`() {
    let model = VisionTransformer(
      .init(
        image: Extent(height: 8, width: 4), patch: 2, width: 12, depth: 2, heads: 3, classes: 5,
        pooling: .token), random: RandomStream(seed: 0))
    let tensors = namedTensors(of: model)
    #expect(tensors.count == 32)
    fillByFormula(tensors, amplitude: 0.1)
    let logits = model.logits(
      of: Variable(formulaPicture(height: 8, width: 4)), in: .inference())
    expectClose(
      logits.value.values, [0.21588424, -0.04664651, -0.40106879, -0.13588782, 0.23749764])
  }

  @Test func `ResNet equals torchvision`() {
    let model = ResNet(
      blocks: [1, 1, 1, 1], classes: 5, image: Extent(height: 64, width: 32),
      random: RandomStream(seed: 0))
    let tensors = namedTensors(of: model)
    #expect(tensors.count == 87)
    fillByFormula(tensors, amplitude: 0.02)
    let logits = model.logits(
      of: Variable(formulaPicture(height: 64, width: 32)), in: .inference()
    ).value.values
    expectClose(Array(logits.prefix(4)), [-0.21310261, 0.20397242, -0.10421445, -0.09729562])
    expectClose([logits[4]], [0.19438865])
  }

  @Test func `Swin transformer equals timm`() {
    let model = SwinTransformer(
      .init(
        image: Extent(height: 32, width: 16), patch: 2, width: 8, depths: [2, 2], heads: [2, 4],
        window: Extent(height: 4, width: 4), classes: 5), random: RandomStream(seed: 0))
    let tensors = namedTensors(of: model)
    #expect(tensors.count == 63)
    fillByFormula(tensors, amplitude: 0.1)
    let picture = Variable(formulaPicture(height: 32, width: 16))
    let map = model.featureMap(of: picture, in: .inference()).value
    expectClose(
      [Float(map.summed()), Float(map.summedSquares())] + map.values.prefix(3),
      [-2.82321268, 445.33848513, -0.05716394, -0.93191636, 1.24614450])
    expectClose(
      model.logits(of: picture, in: .inference()).value.values,
      [-0.01655983, 0.00703513, 0.04804775, 0.02216672, 0.04280356])
  }

  @Test func `SwinIR equals the original`() throws {
    let shape = SwinIR.Configuration(width: 12, depths: [2], heads: 3, window: 4)
    let model = SwinIR(shape, random: RandomStream(seed: 0))
    let tensors = namedTensors(of: model)
    #expect(tensors.count == 38)
    fillByFormula(tensors, amplitude: 0.1)
    let picture = formulaPicture(height: 8, width: 8)
    let restored = model.restored(Variable(picture), in: .inference()).value
    expectClose(
      [Float(restored.summed()), Float(restored.summedSquares()), restored[0]],
      [-163.75534348, 1267.31137781, -1.21437561])
    // Sides that windows do not divide are filled up and cut again, small pictures too.
    for (height, width) in [(6, 7), (1, 3)] {
      let cut = model.restored(
        Variable(formulaPicture(height: height, width: width)), in: .inference()
      ).value
      #expect(cut.shape == [1, height, width, 3])
      #expect(cut.isFinite)
    }
    // Every parameter takes part.
    let context = ForwardContext.recordedInference()
    let output = model.restored(Variable(picture), in: context)
    context.backward(from: (output * output).mean())
    #expect(model.parameters.allSatisfy { ($0.parameter.gradient?.summedSquares() ?? 0) > 0 })
  }

  @Test func `SwinIR's published sizes`() {
    let sizes: [(SwinIR.Configuration, Int, scale: Int)] = [
      (.classical(.residual), 11_504_163, 1), (.classical(.shuffles(scale: 4)), 11_900_199, 4),
      (.classical(.shuffles(scale: 3)), 11_937_127, 3),
      (.lightweight(.direct(scale: 2)), 910_152, 2),
    ]
    for (shape, parameters, scale) in sizes {
      #expect(SwinIR(shape, random: .blank).parameterCount() == parameters)
      var small = shape
      (small.width, small.depths, small.heads) = (12, [1], 3)
      let model = SwinIR(small, random: RandomStream(seed: 1))
      let enlarged = model.restored(
        Variable(formulaPicture(height: 9, width: 8)), in: .inference())
      #expect(enlarged.shape == [1, 9 * scale, 8 * scale, 3])
    }
  }

  @Test func `ResNet with instance norms equals the original`() {
    // The classifier takes part in the fill, not in the result.
    let model = ResNet(
      blocks: [1, 1, 1, 1], classes: 1, mixesInstances: true, image: Extent(height: 64, width: 32),
      random: RandomStream(seed: 0))
    let tensors = namedTensors(of: model)
    #expect(tensors.count == 93)
    fillByFormula(tensors, amplitude: 0.02)
    // What was recorded is the last map, before pooling.
    let context = ForwardContext.inference()
    let map = model.running(
      0..<model.blockCount,
      on: model.embedded(Variable(formulaPicture(height: 64, width: 32)), in: context), in: context
    ).value
    #expect(map.shape == [1, 2, 1, 2048])
    expectClose(
      [Float(map.summed()), Float(map.summedSquares())], [219.10650906, 40.84420962],
      tolerance: 1e-5)
  }

  @Test func `insightface's residual network equals the original`() {
    let model = FaceResNet(
      blocks: [1, 1, 1, 1], image: Extent(height: 112, width: 112), random: RandomStream(seed: 0))
    let tensors = namedTensors(of: model)
    #expect(tensors.count == 96)
    fillByFormula(tensors, amplitude: 0.02)
    let features = model.features(
      of: Variable(formulaPicture(height: 112, width: 112)), in: .inference()
    ).value
    expectClose(
      [Float(features.summed()), Float(features.summedSquares())] + features.values.prefix(2),
      [0.44598646, 0.29856268, 0.00621191, 0.01281870])
  }

  @Test func `SimMIM's loss, reconstruction and gradients equal the release`() throws {
    let model = PretrainingModel(
      backbone: VisionTransformer(
        .relative(image: Extent(height: 16, width: 16), patch: 4, width: 12, depth: 2, heads: 3),
        random: RandomStream(seed: 0)), embedding: 4, random: RandomStream(seed: 0))
    var parameters: [String: Parameter] = [:]
    for (path, parameter) in model.parameters where !path.hasPrefix("heads.embedding") {
      // The release keeps the token in the encoder and the head beside it.
      let name =
        path.hasPrefix("backbone.")
        ? "encoder." + path.dropFirst("backbone.".count)
        : path == "heads.mask_token"
          ? "encoder.mask_token" : String(path.dropFirst("heads.".count))
      parameters[name] = parameter
    }
    #expect(parameters.count == 39)
    fillByFormula(
      parameters.map { name, parameter in
        (name, { parameter.value = $0 }, parameter.value.shape)
      }, amplitude: 0.1)
    // Patches of 4 pixels on a grid of 4×4; the top-left and bottom-right quarters are masked.
    let mask = (0..<16).map { ($0 / 4 < 2) == ($0 % 4 < 2) }
    let pixels = (0..<256).map { mask[$0 / 64 * 4 + $0 % 16 / 4] ? Float(1) : 0 }
    let picture = formulaPicture(height: 16, width: 16)
    let context = ForwardContext.recordedInference()
    let output = model.reconstruction(of: Variable(picture), mask: mask, in: context)
    let loss = MaskedReconstruction()(
      output, target: picture, mask: Tensor(pixels, shape: [256]))
    context.backward(from: loss)
    expectClose([loss.value.scalar], [0.66755481])
    expectClose(
      [Float(output.value.summed()), Float(output.value.summedSquares())],
      [-1.32922372, 66.51855313])
    let norms = [
      "encoder.mask_token": 0.8636109938, "encoder.patch_embed.proj.weight": 0.0249145952,
      "encoder.rel_pos_bias.relative_position_bias_table": 6.41398e-5,
      "encoder.blocks.0.attn.qkv.weight": 0.0276542776,
      "encoder.blocks.1.gamma_2": 0.0807957906, "decoder.0.weight": 0.4143175550,
    ]
    for (name, expected) in norms {
      let gradient = try #require(parameters[name]?.gradient)
      let norm = gradient.summedSquares().squareRoot()
      #expect(abs(norm - expected) <= 2e-4 * expected, "\(name): \(norm), not \(expected)")
    }
    let first = try #require(parameters["encoder.mask_token"]?.gradient?.values.first)
    #expect(abs(first + 0.6207694473) < 1e-4)
  }

  @Test func `SimMIM's loss and gradients with Swin equal the release`() throws {
    let model = PretrainingModel(
      backbone: SwinTransformer(
        .init(
          image: Extent(height: 32, width: 32), patch: 2, width: 8, depths: [2, 2], heads: [2, 4],
          window: Extent(height: 4, width: 4)), random: RandomStream(seed: 0)),
      embedding: 4, random: RandomStream(seed: 0))
    var parameters: [String: Parameter] = [:]
    for (path, parameter) in model.parameters where !path.hasPrefix("heads.embedding") {
      // The release merges patches at the end of a stage, timm at the start of the next.
      let name =
        path == "heads.mask_token"
        ? "encoder.mask_token"
        : path.replacingOccurrences(of: "backbone.layers.1.down", with: "encoder.layers.0.down")
          .replacingOccurrences(of: "backbone.", with: "encoder.")
          .replacingOccurrences(of: "heads.", with: "")
      parameters[name] = parameter
    }
    #expect(parameters.count == 64)
    fillByFormula(
      parameters.map { name, parameter in
        (name, { parameter.value = $0 }, parameter.value.shape)
      }, amplitude: 0.1)
    // Patches of 2 pixels on a grid of 16×16; the top-left and bottom-right quarters are masked.
    let mask = (0..<256).map { ($0 / 16 < 8) == ($0 % 16 < 8) }
    let pixels = (0..<1024).map { mask[$0 / 64 * 16 + $0 % 32 / 2] ? Float(1) : 0 }
    let picture = formulaPicture(height: 32, width: 32)
    let context = ForwardContext.recordedInference()
    let output = model.reconstruction(of: Variable(picture), mask: mask, in: context)
    let loss = MaskedReconstruction()(
      output, target: picture, mask: Tensor(pixels, shape: [1024]))
    context.backward(from: loss)
    expectClose([loss.value.scalar], [0.67127638])
    expectClose(
      [Float(output.value.summed()), Float(output.value.summedSquares())],
      [-0.73531687, 34.25069201])
    let norms = [
      "encoder.mask_token": 0.0012921902,
      "encoder.layers.0.downsample.reduction.weight": 0.0954664706,
      "decoder.0.weight": 0.1265496121,
    ]
    for (name, expected) in norms {
      let gradient = try #require(parameters[name]?.gradient)
      let norm = gradient.summedSquares().squareRoot()
      #expect(abs(norm - expected) <= 2e-4 * expected, "\(name): \(norm), not \(expected)")
    }
  }
}
