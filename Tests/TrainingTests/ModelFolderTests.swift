import Backbones
import Foundation
import Gradients
import Layers
import Storage
import Tensors
import Testing
import Training

final class ModelFolderTests {
  private let base: URL

  init() throws {
    base = FileManager.default.temporaryDirectory.appendingPathComponent("models-\(UUID())")
    try FileManager.default.createDirectory(at: base, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: base) }

  private func save(_ name: String, to folder: URL, seed: UInt64 = 3) throws
    -> any MaskableBackbone
  {
    let made = try ModelFolder.makeBackbone(
      named: name, extent: Extent(height: 64, width: 32), random: RandomStream(seed: seed))
    let configuration = ModelFolder.configuration(
      of: made.backbone, entry: made.entry, embedding: 16, origin: "test")
    try ModelFolder.write(made.backbone, configuration: configuration, to: folder)
    return made.backbone
  }

  private func features(_ backbone: any Backbone) -> Tensor {
    var random = RandomStream(seed: 9)
    let pictures = random.normal(shape: [1, 64, 32, 3], deviation: 1)
    return backbone.features(of: Variable(pictures), in: .inference()).value
  }

  @Test func `a misspelt name is answered with the nearest one`() throws {
    for (name, meant) in [
      ("vit_smal_patch16_224", "vit_small_patch16_224"), ("resnet5o", "resnet50"),
      ("swin_tiny_patch4_windw7_224", "swin_tiny_patch4_window7_224"),
    ] {
      let error = #expect(throws: ModelReferenceError.self) {
        try ModelFolder.load("random:\(name)")
      }
      #expect(error?.description.contains("(did you mean \"\(meant)\"?)") == true, "\(name)")
    }
    let strange = #expect(throws: ModelReferenceError.self) {
      try ModelFolder.load("random:something-else-entirely")
    }
    #expect(strange?.description.contains("did you mean") == false)
  }

  @Test func `a written model gives the same features when it is opened`() throws {
    let backbone = try save("convnet_small", to: base)
    let loaded = try ModelFolder.load(base.path)
    #expect(features(loaded.backbone) == features(backbone))
    #expect(loaded.extent == Extent(height: 64, width: 32))
    #expect(loaded.preprocessing == .imageNet)
    #expect(loaded.configuration.swiftVision.embedding == 16)
    #expect(loaded.configuration.architecture == "convnet_small")
  }

  @Test func `overrides replace weights in the file alone`() throws {
    let made = try ModelFolder.makeBackbone(
      named: "convnet_small", extent: Extent(height: 64, width: 32), random: RandomStream(seed: 1))
    let configuration = ModelFolder.configuration(
      of: made.backbone, entry: made.entry, embedding: 0, origin: "test")
    let first = try #require(made.backbone.parameters.first)
    let ones = Tensor(repeating: 1, shape: first.parameter.value.shape)
    try ModelFolder.write(
      made.backbone, configuration: configuration, overrides: [first.path: ones], to: base)
    let loaded = try ModelFolder.load(base.path)
    #expect(loaded.backbone.parameters[0].parameter.value == ones)
    #expect(
      loaded.backbone.parameters[1].parameter.value == made.backbone.parameters[1].parameter.value)
    #expect(first.parameter.value != ones)
  }

  @Test func `a run folder gives its best model, else its last`() throws {
    let last = try save("convnet_small", to: base.appendingPathComponent("last"), seed: 1)
    #expect(features(try ModelFolder.load(base.path).backbone) == features(last))
    let best = try save("convnet_small", to: base.appendingPathComponent("best"), seed: 2)
    #expect(features(try ModelFolder.load(base.path).backbone) == features(best))
  }

  @Test func `a best model that was not finished is passed over`() throws {
    let last = try save("convnet_small", to: base.appendingPathComponent("last"), seed: 1)
    let best = base.appendingPathComponent("best")
    for name in ["config.json", "model.safetensors"] {
      _ = try save("convnet_small", to: best, seed: 2)
      try FileManager.default.removeItem(at: best.appendingPathComponent(name))
      #expect(features(try ModelFolder.load(base.path).backbone) == features(last))
    }
  }

  @Test func `untrained networks depend on the seed alone`() throws {
    let a = try ModelFolder.load("random:convnet_small", seed: 4).backbone
    let b = try ModelFolder.load("random:convnet_small", seed: 4).backbone
    let c = try ModelFolder.load("random:convnet_small", seed: 5).backbone
    #expect(a.parameters[0].parameter.value == b.parameters[0].parameter.value)
    #expect(a.parameters[0].parameter.value != c.parameters[0].parameter.value)
  }

  private func message(_ body: () throws -> Void) -> String {
    do {
      try body()
      return ""
    } catch {
      return "\(error)"
    }
  }

  @Test func `mistakes are named`() throws {
    #expect(
      message { _ = try ModelFolder.load("random:resnet51") }.contains(
        "no backbone \"resnet51\" (did you mean \"resnet50\"?); known are convnet_small"))
    let nowhere = base.appendingPathComponent("nowhere").path
    #expect(message { _ = try ModelFolder.load(nowhere) }.contains("no model \(nowhere)"))
    #expect(message { _ = try ModelFolder.load(self.base.path) }.contains("no config.json"))
    #expect(
      message {
        _ = try ModelFolder.makeBackbone(
          named: "vit_tiny_patch16_224", extent: Extent(height: 60, width: 32),
          random: RandomStream(seed: 0))
      }.contains("60x32 do not suit vit_tiny_patch16_224: both sides must be multiples of 16"))
    _ = try save("convnet_small", to: base)
    try FileManager.default.removeItem(
      at: base.appendingPathComponent(ModelConfiguration.weightsName))
    #expect(
      message { _ = try ModelFolder.load(self.base.path) }
        .contains(ModelConfiguration.weightsName))
  }

  @Test func `weights of another backbone are refused`() throws {
    _ = try save("convnet_small", to: base)
    let other = base.appendingPathComponent("other")
    _ = try save("convnet_base", to: other)
    let weights = ModelConfiguration.weightsName
    try FileManager.default.removeItem(at: base.appendingPathComponent(weights))
    try FileManager.default.copyItem(
      at: other.appendingPathComponent(weights), to: base.appendingPathComponent(weights))
    let text = message { _ = try ModelFolder.load(self.base.path) }
    #expect(text.contains("has shape [32, 3, 5, 5] but the network needs [16, 3, 5, 5]"))
  }
}
