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

  private func folder(_ name: String) throws -> URL {
    try #require(
      Bundle.module.url(forResource: name, withExtension: nil, subdirectory: "Goldens"))
  }

  private func largestDifference(_ first: [Float], _ second: [Float]) -> Float {
    zip(first, second).reduce(0) { max($0, abs($1.0 - $1.1)) }
  }

  @Test(arguments: folders)
  func `a folder gives the features of the library that wrote it`(_ name: String) throws {
    let folder = try folder(name)
    let model = try ModelFolder.load(folder.path)
    let expected = try SafetensorsFile(
      contentsOf: folder.appendingPathComponent("expected.safetensors"))
    let pictures = Tensor(
      try expected.floats("pictures"), shape: try #require(expected["pictures"]).shape)
    let features = model.backbone.features(of: Variable(pictures), in: .inference()).value
    let wanted = try expected.floats("features")
    #expect(features.shape == (try #require(expected["features"])).shape)
    let size = wanted.reduce(0) { max($0, abs($1)) }
    #expect(largestDifference(features.values, wanted) <= 1e-5 * size)
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
    let folder = try folder(name)
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

  @Test func `another picture size fits the positions and says so`() throws {
    let path = try folder("timm-token").path
    let model = try ModelFolder.load(path + "@48x40")
    #expect(model.extent == Extent(height: 48, width: 40))
    #expect(model.configuration.modelArgs.imgSize == [48, 40])
    let reshaped = try #require(model.report).reshaped
    #expect(reshaped.map(\.path) == ["pos_embed"])
    #expect(reshaped.first?.from == [1, 9, 24])
    #expect(reshaped.first?.to == [1, 31, 24])
    #expect(model.report?.summary.contains("1 reshaped") == true)
    let swin = try ModelFolder.load(try folder("timm-swin").path + "@8x4")
    #expect(
      swin.report?.reshaped.contains { $0.path.hasSuffix("relative_position_bias_table") } == true)
  }

  @Test func `the picture's preparation is that of the file`() throws {
    let preparation = try ModelFolder.load(try folder("timm-token").path).configuration
      .pretrainedCfg
    #expect(preparation.interpolation == "bicubic")
    #expect(preparation.cropPct == 0.9)
    #expect(preparation.cropMode == .center)
    #expect(preparation.mean == [0.5, 0.5, 0.5])
  }

  private func changed(_ name: String, _ old: String, _ new: String) throws -> String {
    let copy = FileManager.default.temporaryDirectory.appendingPathComponent("folder-\(UUID())")
    defer { try? FileManager.default.removeItem(at: copy) }
    try FileManager.default.copyItem(at: try folder(name), to: copy)
    let file = copy.appendingPathComponent("config.json")
    let text = try String(contentsOf: file, encoding: .utf8)
    #expect(text.contains(old))
    try Data(text.replacingOccurrences(of: old, with: new).utf8).write(to: file)
    do {
      _ = try ModelFolder.load(copy.path)
      return ""
    } catch {
      return "\(error)"
    }
  }

  @Test func `what cannot be built or prepared is named`() throws {
    #expect(
      try changed("timm-token", "\"in_chans\": 3", "\"in_chans\": 3, \"qk_norm\": true")
        .contains("qk_norm"))
    #expect(
      try changed("timm-token", "\"in_chans\": 3", "\"in_chans\": 1").contains("three colours"))
    #expect(try changed("timm-token", "bicubic", "lanczos").contains("lanczos"))
    #expect(try changed("timm-token", "\"mean\"", "\"average\"").contains("mean is missing"))
    #expect(
      try changed("timm-token", "\"num_heads\": 3", "\"num_heads\": 5")
        .contains("do not divide into 5 heads"))
    #expect(
      try changed("timm-token", "\"depth\": 2", "\"depth\": 3")
        .contains("12 missing"))
    #expect(try changed("transformers-base", "\"vit\"", "\"swinv2\"").contains("swinv2"))
  }

  private func fields(_ url: URL) throws -> [String: Any] {
    try #require(
      JSONSerialization.jsonObject(with: Data(contentsOf: url)) as? [String: Any])
  }

  @Test(arguments: ["transformers-classifier", "transformers-swin", "transformers-dinov2"])
  func `what the transformers library wrote is written in its form`(_ name: String) throws {
    let copy = FileManager.default.temporaryDirectory.appendingPathComponent("form-\(UUID())")
    defer { try? FileManager.default.removeItem(at: copy) }
    let original = try folder(name)
    let model = try ModelFolder.load(original.path)
    try ModelFolder.write(model.backbone, configuration: model.configuration, to: copy)
    var (before, after) = try (
      fields(original.appendingPathComponent("config.json")),
      fields(copy.appendingPathComponent("config.json"))
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
    let model = try ModelFolder.load(try folder("transformers-dinov2-registers").path)
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
    let path = try folder("timm-token").path
    let notice = LoadNotice(try ModelFolder.load(path + "@48x40"))
    #expect(notice.summary.contains("0 missing, 0 unexpected, 1 reshaped"))
    #expect(notice.summary.contains("pos_embed from [1, 9, 24] to [1, 31, 24]"))
    #expect(notice.summary.contains("pictures of 48x40, the middle 0.9 of the sides, bicubic"))
    #expect(notice.summary.contains("mean 0.5, 0.5, 0.5, std 0.5, 0.5, 0.5"))
    #expect(notice.details.contains { $0.contains("reshaped: pos_embed") })
    let swin = LoadNotice(try ModelFolder.load(try folder("official-swin").path))
    #expect(swin.summary.contains("in the original repository's names"))
    #expect(swin.details.contains { $0.hasSuffix("ignored: model.layers.0.blocks.1.attn_mask") })
    #expect(LoadNotice(try ModelFolder.load("random:convnet_small")).summary.contains("untrained"))
  }

  @Test func `preparations of the transformers library are taken as they are or refused`() throws {
    func prepared(_ changes: [String: Any]) throws -> ModelConfiguration.Preparation {
      let copy = FileManager.default.temporaryDirectory.appendingPathComponent("folder-\(UUID())")
      defer { try? FileManager.default.removeItem(at: copy) }
      try FileManager.default.copyItem(at: try folder("transformers-base"), to: copy)
      let file = copy.appendingPathComponent("preprocessor_config.json")
      let changed = try fields(file).merging(changes) { $1 }
      try JSONSerialization.data(withJSONObject: changed).write(to: file)
      return try ModelConfiguration(folder: copy).pretrainedCfg
    }
    let plain = try prepared(["do_normalize": false])
    #expect(plain.mean == [0, 0, 0] && plain.std == [1, 1, 1])
    #expect(try prepared(["resample": 0]).interpolation == "nearest")
    #expect(try prepared(["resample": 3]).interpolation == "bicubic")
    let cropped = try prepared([
      "do_center_crop": true, "size": ["shortest_edge": 40],
      "crop_size": ["height": 32, "width": 32],
    ])
    #expect(cropped.cropMode == .center && cropped.cropPct == 0.8)
    for refused in [["do_rescale": false], ["do_resize": false]] as [[String: Any]] {
      #expect(throws: ModelFolderError.self) { try prepared(refused) }
    }
    let error = #expect(throws: ModelFolderError.self) { try prepared(["resample": 1]) }
    #expect(error?.description.contains("filter 1") == true)
  }

  @Test func `a file in parts is read like one`() throws {
    let copy = FileManager.default.temporaryDirectory.appendingPathComponent("parts-\(UUID())")
    defer { try? FileManager.default.removeItem(at: copy) }
    try FileManager.default.copyItem(at: try folder("transformers-swin"), to: copy)
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
      ModelFolder.load(copy.path), ModelFolder.load(try folder("transformers-swin").path)
    )
    #expect(
      zip(model.backbone.parameters, expected.backbone.parameters).allSatisfy {
        $0.parameter.value == $1.parameter.value
      })
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
