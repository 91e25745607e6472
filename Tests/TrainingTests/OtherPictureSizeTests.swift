import Backbones
import Foundation
import Gradients
import Layers
import Storage
import Tensors
import Testing
import Training

/// Published folders opened for pictures of another size than that of their positions.
struct OtherPictureSizeTests {
  @Test func `another picture size fits the positions and says so`() throws {
    let path = try PublishedFolders.folder("timm-token").path
    let model = try ModelFolder.load(path + "@48x40")
    #expect(model.extent == Extent(height: 48, width: 40))
    #expect(model.configuration.modelArgs.imgSize == [48, 40])
    let reshaped = try #require(model.report).reshaped
    #expect(reshaped.map(\.path) == ["pos_embed"])
    #expect(reshaped.first?.from == [1, 9, 24])
    #expect(reshaped.first?.to == [1, 31, 24])
    #expect(model.report?.summary.contains("1 reshaped") == true)
    let swin = try ModelFolder.load(try PublishedFolders.folder("timm-swin").path + "@8x4")
    #expect(
      swin.report?.reshaped.contains { $0.path.hasSuffix("relative_position_bias_table") } == true)
  }

  @Test func `as many places in other rows are fitted as well`() throws {
    // 4 rows of 2 places become 2 rows of 4.
    let path = try PublishedFolders.folder("timm-token").path
    let (model, stored) = try (ModelFolder.load(path + "@16x32"), ModelFolder.load(path))
    let transformer = try #require(model.backbone as? VisionTransformer)
    func positions(_ model: LoadedModel) throws -> Tensor {
      try #require(model.backbone.parameters.first { $0.path == "pos_embed" }).parameter.value
    }
    let (old, new) = try (positions(stored), positions(model))
    #expect(new.shape == old.shape && new.largestDifference(from: old) > 0.01)
    #expect(
      new == transformer.resized("pos_embed", old, from: Extent(height: 32, width: 16)))
    #expect(model.report?.reshaped.map(\.path) == ["pos_embed"])
    #expect(LoadNotice(model).summary.contains("positions of 32x16 fitted to 16x32"))
    #expect(stored.report?.reshaped.isEmpty == true)
  }

  @Test func `tables of relative positions for as many places are fitted as well`() throws {
    let copy = FileManager.default.temporaryDirectory.appendingPathComponent("beit-\(UUID())")
    defer { try? FileManager.default.removeItem(at: copy) }
    var options = BackboneOptions(image: Extent(height: 64, width: 32))
    (options.width, options.heads, options.depths) = (24, [3], [1])
    let made = try ModelFolder.makeNetwork(
      named: "beit_base_patch16_224", options: options, random: RandomStream(seed: 2))
    let table = try #require(
      made.backbone.parameters.first { $0.path.hasSuffix("bias_table") })
    var random = RandomStream(seed: 3)
    table.parameter.value = random.normal(shape: table.parameter.value.shape, deviation: 1)
    var configuration = ModelFolder.configuration(
      of: made.backbone, entry: made.entry, embedding: 0, origin: "test")
    (configuration.modelArgs.embedDim, configuration.modelArgs.depth) = (24, [1])
    configuration.modelArgs.numHeads = [3]
    try ModelFolder.write(made.backbone, configuration: configuration, to: copy)
    let model = try ModelFolder.load(copy.path + "@32x64")
    let found = try #require(model.backbone.parameters.first { $0.path == table.path })
    let resizable = try #require(model.backbone as? any ResizableBackbone)
    #expect(found.parameter.value != table.parameter.value)
    #expect(
      found.parameter.value
        == resizable.resized(
          table.path, table.parameter.value, from: Extent(height: 64, width: 32)))
    #expect(model.report?.reshaped.map(\.path) == [table.path])
  }

  @Test func `features of all cells belong to one picture size`() throws {
    let copy = FileManager.default.temporaryDirectory.appendingPathComponent("face-\(UUID())")
    defer { try? FileManager.default.removeItem(at: copy) }
    var options = BackboneOptions(image: Extent(height: 24, width: 24))
    (options.width, options.heads, options.depths) = (8, [1, 2], [2, 2])
    (options.patch, options.featureLayer) = (3, 6)
    let made = try ModelFolder.makeNetwork(
      named: "petalface_swin", options: options, random: RandomStream(seed: 2))
    var configuration = ModelFolder.configuration(
      of: made.backbone, entry: made.entry, embedding: 0, origin: "test")
    (configuration.modelArgs.embedDim, configuration.modelArgs.depth) = (8, [2, 2])
    (configuration.modelArgs.numHeads, configuration.modelArgs.patchSize) = ([1, 2], 3)
    configuration.swiftVision.featureLayer = 6
    try ModelFolder.write(made.backbone, configuration: configuration, to: copy)
    #expect(try ModelFolder.load(copy.path).report?.loaded.isEmpty == false)
    let error = #expect(throws: WeightsError.self) { try ModelFolder.load(copy.path + "@12x48") }
    #expect(error?.description.contains("every place of a picture of another size") == true)
  }

  @Test func `pictures are as large as the transformers library crops them`() throws {
    // As DINOv2's folders are: positions for larger pictures than the processor makes.
    let copy = try PublishedFolders.copy(of: "transformers-dinov2") {
      try PublishedFolders.change($0.appendingPathComponent("preprocessor_config.json")) { object in
        object["size"] = ["shortest_edge": 20]
        object["crop_size"] = ["height": 16, "width": 16]
      }
    }
    defer { try? FileManager.default.removeItem(at: copy) }
    let model = try ModelFolder.load(copy.path)
    #expect(model.extent == Extent(height: 16, width: 16))
    let preparation = model.configuration.pretrainedCfg
    #expect(preparation.cropMode == .center && preparation.cropPct == 0.8 && preparation.cropsDown)
    #expect(model.report?.reshaped.map(\.path) == ["pos_embed"])
    #expect(LoadNotice(model).summary.contains("positions of 32x32 fitted to 16x16"))
    let again = copy.appendingPathComponent("again")
    try ModelFolder.write(model.backbone, configuration: model.configuration, to: again)
    let written = try PublishedFolders.fields(
      again.appendingPathComponent("preprocessor_config.json"))
    #expect(written["size"] as? [String: Int] == ["shortest_edge": 20])
    #expect(written["crop_size"] as? [String: Int] == ["height": 16, "width": 16])
    // The positions that are written are those of the small pictures.
    #expect(
      try PublishedFolders.fields(again.appendingPathComponent("config.json"))["image_size"] as? Int
        == 16)
    let reopened = try ModelFolder.load(again.path)
    #expect(reopened.report?.reshaped.isEmpty == true && reopened.extent == model.extent)
    let pictures = Variable(Tensor(repeating: 0.5, shape: [1, 16, 16, 3]))
    #expect(
      reopened.backbone.features(of: pictures, in: .inference()).value
        == model.backbone.features(of: pictures, in: .inference()).value)
  }
}
