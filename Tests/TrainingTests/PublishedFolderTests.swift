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
    "transformers-base", "transformers-classifier",
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
    #expect(report.ignored.isEmpty == !["official-swin", "transformers-base"].contains(name))
    #expect(model.extent == Extent(height: 32, width: 16))
  }

  @Test(arguments: folders)
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
}
