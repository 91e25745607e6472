import Backbones
import Foundation
import Gradients
import Layers
import Storage
import Tensors
import Testing
import Training

/// Model folders that timm, transformers and the original repositories wrote, and writing them back.
struct PublishedFolderTests {
  private static let folders = [
    "timm-token", "timm-mean", "timm-registers", "timm-swin", "official-swin",
    "transformers-base", "transformers-classifier", "transformers-swin", "transformers-dinov2",
    "transformers-dinov2-registers",
  ]

  @Test(arguments: folders)
  func `a folder gives the features of the library that wrote it`(_ name: String) throws {
    let folder = try PublishedFolders.folder(name)
    let model = try ModelFolder.load(folder.path)
    let expected = try SafetensorsFile(
      contentsOf: folder.appendingPathComponent("expected.safetensors"))
    let pictures = Tensor(
      try expected.floats("pictures"), shape: try #require(expected["pictures"]).shape)
    let features = model.backbone.features(of: Variable(pictures), in: .inference()).value
    let wanted = Tensor(
      try expected.floats("features"), shape: try #require(expected["features"]).shape)
    #expect(features.largestDifference(from: wanted) <= 1e-5 * wanted.largestMagnitude)
    let report = try #require(model.report)
    #expect(report.missing.isEmpty && report.unexpected.isEmpty)
    #expect(report.loaded.count == model.backbone.parameters.count + model.backbone.buffers.count)
    #expect(
      report.ignored.isEmpty
        == ![
          "official-swin", "transformers-base", "transformers-dinov2",
          "transformers-dinov2-registers",
        ].contains(name))
    #expect(model.extent == Extent(height: pictures.shape[1], width: pictures.shape[2]))
  }

  // A network with registers adds a position to its class token, which nobody can take out again.
  @Test(arguments: folders.filter { $0 != "transformers-dinov2-registers" })
  func `weights go back into the form they came in, bit for bit`(_ name: String) throws {
    let folder = try PublishedFolders.folder(name)
    let model = try ModelFolder.load(folder.path)
    let report = try #require(model.report)
    let original = try SafetensorsFile(
      contentsOf: folder.appendingPathComponent(ModelConfiguration.weightsName))
    let names = Set(original.tensors.map(\.name))
    let entry = try #require(BackboneCatalog.entry(named: model.configuration.architecture))
    let copy = FileManager.default.temporaryDirectory.appendingPathComponent(
      "published-\(UUID()).safetensors")
    defer { try? FileManager.default.removeItem(at: copy) }
    try ModuleWeights.write(model.backbone, naming: entry.naming(of: names), to: copy)
    let written = try SafetensorsFile(contentsOf: copy)
    #expect(Set(written.tensors.map(\.name)) == names.subtracting(report.ignored))
    for tensor in written.tensors {
      #expect(original[tensor.name]?.shape == tensor.shape, "\(tensor.name)")
      let same = try written.floats(tensor.name) == original.floats(tensor.name)
      #expect(same, "\(tensor.name)")
    }
  }

  @Test func `the picture's preparation is that of the file`() throws {
    let preparation = try ModelFolder.load(try PublishedFolders.folder("timm-token").path)
      .configuration
      .pretrainedCfg
    #expect(preparation.interpolation == "bicubic")
    #expect(preparation.cropPct == 0.9)
    #expect(preparation.cropMode == .center)
    #expect(preparation.mean == [0.5, 0.5, 0.5])
  }

  @Test(arguments: ["transformers-classifier", "transformers-swin", "transformers-dinov2"])
  func `what the transformers library wrote is written in its form`(_ name: String) throws {
    let copy = FileManager.default.temporaryDirectory.appendingPathComponent("form-\(UUID())")
    defer { try? FileManager.default.removeItem(at: copy) }
    let original = try PublishedFolders.folder(name)
    let model = try ModelFolder.load(original.path)
    try ModelFolder.write(model.backbone, configuration: model.configuration, to: copy)
    var (before, after) = try (
      PublishedFolders.fields(original.appendingPathComponent("config.json")),
      PublishedFolders.fields(copy.appendingPathComponent("config.json"))
    )
    #expect(after["architecture"] == nil && after["model_args"] == nil)
    for key in ["image_size", "swift_vision"] {
      before[key] = nil
      after[key] = nil
    }
    // Labels, for example, mean nothing here and stay.
    let texts = try [before, after].map {
      String(
        decoding: try JSONSerialization.data(withJSONObject: $0, options: .sortedKeys),
        as: UTF8.self)
    }
    #expect(texts[0] == texts[1] && texts[0].contains("\"qkv_bias\":true"))
    if name == "transformers-dinov2" {
      // That library refuses a whole number here.
      let text = try String(contentsOf: copy.appendingPathComponent("config.json"), encoding: .utf8)
      #expect(text.contains("\"layerscale_value\": 1.0"))
    }
    let names = try Set(
      SafetensorsFile(contentsOf: original.appendingPathComponent("model.safetensors")).tensors
        .map(\.name)
    ).subtracting(try #require(model.report).ignored)
    let written = try SafetensorsFile(contentsOf: copy.appendingPathComponent("model.safetensors"))
    #expect(Set(written.tensors.map(\.name)) == names)
    let again = try ModelFolder.load(copy.path)
    var (first, second) = (model.configuration, again.configuration)
    (first.transformers, second.transformers) = (nil, nil)
    #expect(first == second)
    #expect(
      zip(model.backbone.parameters, again.backbone.parameters).allSatisfy {
        $0.parameter.value == $1.parameter.value
      })
  }

  @Test func `a network with registers goes back to the same features`() throws {
    let model = try ModelFolder.load(
      try PublishedFolders.folder("transformers-dinov2-registers").path)
    let copy = FileManager.default.temporaryDirectory.appendingPathComponent("form-\(UUID())")
    defer { try? FileManager.default.removeItem(at: copy) }
    try ModelFolder.write(model.backbone, configuration: model.configuration, to: copy)
    let again = try ModelFolder.load(copy.path)
    let pictures = Variable(Tensor(repeating: 0.5, shape: [1, 32, 32, 3]))
    #expect(
      again.backbone.features(of: pictures, in: .inference()).value
        == model.backbone.features(of: pictures, in: .inference()).value)
  }

  @Test func `an opened model tells its tensors and its preparation`() throws {
    let path = try PublishedFolders.folder("timm-token").path
    let notice = LoadNotice(try ModelFolder.load(path + "@48x40"))
    #expect(notice.summary.contains("0 missing, 0 unexpected, 1 reshaped"))
    #expect(notice.summary.contains("pos_embed from [1, 9, 24] to [1, 31, 24]"))
    #expect(notice.summary.contains("pictures of 48x40, the middle 0.9 of the sides, bicubic"))
    #expect(notice.summary.contains("mean 0.5, 0.5, 0.5, std 0.5, 0.5, 0.5"))
    #expect(notice.details.contains { $0.contains("reshaped: pos_embed") })
    let swin = LoadNotice(try ModelFolder.load(try PublishedFolders.folder("official-swin").path))
    #expect(swin.summary.contains("in the original repository's names"))
    #expect(swin.details.contains { $0.hasSuffix("ignored: model.layers.0.blocks.1.attn_mask") })
    #expect(LoadNotice(try ModelFolder.load("random:convnet_small")).summary.contains("untrained"))
  }

  @Test func `a file in parts is read like one`() throws {
    let copy = FileManager.default.temporaryDirectory.appendingPathComponent("parts-\(UUID())")
    defer { try? FileManager.default.removeItem(at: copy) }
    try FileManager.default.copyItem(at: try PublishedFolders.folder("transformers-swin"), to: copy)
    let whole = copy.appendingPathComponent("model.safetensors")
    let file = try SafetensorsFile(contentsOf: whole)
    var map: [String: String] = [:]
    for part in 0..<2 {
      let name = "model-0000\(part + 1)-of-00002.safetensors"
      let tensors = file.tensors.enumerated().filter { $0.offset % 2 == part }.map(\.element)
      for tensor in tensors { map[tensor.name] = name }
      try SafetensorsWriter.write(
        tensors.map { ($0.name, $0.shape, .float32(try file.floats($0.name))) },
        to: copy.appendingPathComponent(name))
    }
    try FileManager.default.removeItem(at: whole)
    let index = copy.appendingPathComponent("model.safetensors.index.json")
    func writeIndex(_ map: [String: String]) throws {
      try JSONSerialization.data(
        withJSONObject: ["metadata": ["total_size": 1], "weight_map": map] as [String: Any]
      ).write(to: index)
    }
    try writeIndex(map)
    let (model, expected) = try (
      ModelFolder.load(copy.path),
      ModelFolder.load(try PublishedFolders.folder("transformers-swin").path)
    )
    #expect(
      zip(model.backbone.parameters, expected.backbone.parameters).allSatisfy {
        $0.parameter.value == $1.parameter.value
      })
    let second = copy.appendingPathComponent("model-00002-of-00002.safetensors")
    let parts = try SafetensorsFile(contentsOf: second)
    let doubled = try #require(file.tensors.first)
    try SafetensorsWriter.write(
      parts.tensors.map { ($0.name, $0.shape, .float32(try parts.floats($0.name))) }
        + [(doubled.name, doubled.shape, .float32(try file.floats(doubled.name)))], to: second)
    let twice = #expect(throws: SafetensorsError.self) { try ModelFolder.load(copy.path) }
    #expect(twice?.description.contains("is in model-00001-of-00002.safetensors as well") == true)
    for wrong in [
      ["a": "../model.safetensors"], map.merging(["more": map.values.sorted()[0]]) { $1 },
      ["a": "nothing.safetensors"],
    ] {
      try writeIndex(wrong)
      #expect(throws: SafetensorsError.self) { try ModelFolder.load(copy.path) }
    }
  }

  @Test func `a residual network of last stride 1 has a name that timm does not know`() throws {
    let copy = FileManager.default.temporaryDirectory.appendingPathComponent("stride-\(UUID())")
    defer { try? FileManager.default.removeItem(at: copy) }
    let made = try ModelFolder.load("random:resnet50_stride1@64x32")
    var configuration = made.configuration
    #expect(configuration.architecture == "resnet50_stride1")
    // As a description may have said before there was such a name.
    configuration.architecture = "resnet50"
    configuration.swiftVision.lastStride = 1
    try ModelFolder.write(made.backbone, configuration: configuration, to: copy)
    let again = try ModelFolder.load(copy.path)
    #expect(again.configuration.architecture == "resnet50_stride1")
    #expect(again.configuration.swiftVision.lastStride == nil)
    #expect((again.backbone as? ResNet)?.mapStride == 16)
  }

  @Test func `only plain transformers tell timm where they normalise`() throws {
    for (name, hasArgument) in [
      ("vit_tiny_patch16_224", true), ("beit_base_patch16_224", false),
      ("simmim_vit_base_patch16_224", false),
    ] {
      let entry = try #require(BackboneCatalog.entry(named: name))
      let configuration = ModelFolder.configuration(
        of: try entry.make(.init(), random: .blank), entry: entry, embedding: 0, origin: "test")
      #expect((configuration.modelArgs.fcNorm != nil) == hasArgument, "\(name)")
      #expect((configuration.modelArgs.globalPool != nil) == hasArgument, "\(name)")
    }
  }
}
