import Foundation
import Storage
import Testing

final class ModelConfigurationTests {
  private let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("config-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  private let configuration = ModelConfiguration(
    architecture: "vit_tiny_patch16_224", numFeatures: 192, globalPool: "avg",
    modelArgs: .init(imgSize: [256, 128], fcNorm: false),
    pretrainedCfg: .init(
      inputSize: [3, 256, 128], mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225]),
    swiftVision: .init(embedding: 128, origin: "SimMIM, 300 steps"))

  @Test func `returns as it was written`() throws {
    try configuration.write(folder: folder)
    #expect(try ModelConfiguration(folder: folder) == configuration)
  }

  @Test func `has the keys that timm reads`() throws {
    try configuration.write(folder: folder)
    let data = try Data(contentsOf: folder.appendingPathComponent("config.json"))
    let object = try #require(
      try JSONSerialization.jsonObject(with: data) as? [String: Any])
    #expect(object["architecture"] as? String == "vit_tiny_patch16_224")
    #expect(object["num_classes"] as? Int == 0)
    #expect(object["num_features"] as? Int == 192)
    #expect(object["global_pool"] as? String == "avg")
    let arguments = try #require(object["model_args"] as? [String: Any])
    #expect(arguments["img_size"] as? [Int] == [256, 128])
    #expect(arguments["fc_norm"] as? Bool == false)
    let preparation = try #require(object["pretrained_cfg"] as? [String: Any])
    #expect(preparation["input_size"] as? [Int] == [3, 256, 128])
    #expect(preparation["interpolation"] as? String == "bilinear")
    #expect((preparation["mean"] as? [Double])?.count == 3)
  }

  private func error(_ text: String?) throws -> ModelFolderError? {
    if let text {
      try Data(text.utf8).write(to: folder.appendingPathComponent("config.json"))
    }
    return #expect(throws: ModelFolderError.self) {
      _ = try ModelConfiguration(folder: self.folder)
    }
  }

  @Test func `what is missing or wrong is named`() throws {
    #expect(try error(nil) == .noConfiguration(path: folder.path))
    for text in ["", "{", "[]", "{\"architecture\": 3}"] {
      let found = try error(text)
      guard case .invalidConfiguration(let path, _) = found else {
        Issue.record("\(text) gives \(String(describing: found))")
        continue
      }
      #expect(path.hasSuffix("config.json"))
    }
    for change in [
      { (c: inout ModelConfiguration) in c.pretrainedCfg.std = [1, 0, 1] },
      { $0.pretrainedCfg.mean = [0.5] }, { $0.pretrainedCfg.inputSize = [256, 128] },
    ] {
      var broken = configuration
      change(&broken)
      try broken.write(folder: folder)
      #expect(try error(nil).map { "\($0)".contains("three values") } == true)
    }
  }

  @Test func `a folder that cannot be written is named`() {
    let nowhere = folder.appendingPathComponent("nowhere")
    #expect(throws: ModelFolderError.self) { try configuration.write(folder: nowhere) }
  }
}
