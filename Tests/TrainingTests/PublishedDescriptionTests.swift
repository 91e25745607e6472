import Backbones
import Foundation
import Gradients
import Layers
import Storage
import Tensors
import Testing
import Training

/// Descriptions of published folders: what is silent, wrong, or not done here.
struct PublishedDescriptionTests {
  @Test func `a description that is silent about pooling takes the class token, as timm does`()
    throws
  {
    let copy = try PublishedFolders.copy(of: "timm-token") {
      try PublishedFolders.change($0.appendingPathComponent("config.json")) { object in
        object["global_pool"] = nil
        var arguments = object["model_args"] as? [String: Any]
        arguments?["global_pool"] = nil
        object["model_args"] = arguments
      }
    }
    defer { try? FileManager.default.removeItem(at: copy) }
    let model = try ModelFolder.load(copy.path)
    let expected = try SafetensorsFile(
      contentsOf: copy.appendingPathComponent("expected.safetensors"))
    let pictures = Tensor(
      try expected.floats("pictures"), shape: try #require(expected["pictures"]).shape)
    let features = model.backbone.features(of: Variable(pictures), in: .inference()).value
    let wanted = Tensor(try expected.floats("features"), shape: features.shape)
    #expect(features.largestDifference(from: wanted) <= 1e-5 * wanted.largestMagnitude)
    #expect(LoadNotice(model).summary.hasSuffix("features of the class token"))
    #expect(
      LoadNotice(try ModelFolder.load(try PublishedFolders.folder("timm-mean").path)).summary
        .hasSuffix("features of the mean of all patches"))
  }

  @Test func `what cannot be built or prepared is named`() throws {
    #expect(
      try PublishedFolders.changed(
        "timm-token", "\"in_chans\": 3", "\"in_chans\": 3, \"qk_norm\": true"
      )
      .contains("qk_norm"))
    #expect(
      try PublishedFolders.changed(
        "timm-token", "\"in_chans\": 3", "\"in_chans\": 3, \"qk_norm\": false, \"qkv_bias\": true"
      )
      .isEmpty)
    #expect(
      try PublishedFolders.changed("timm-token", "\"in_chans\": 3", "\"in_chans\": 1").contains(
        "three colours"))
    #expect(try PublishedFolders.changed("timm-token", "bicubic", "lanczos").contains("lanczos"))
    #expect(
      try PublishedFolders.changed("timm-token", "\"mean\"", "\"average\"").contains(
        "mean is missing"))
    #expect(
      try PublishedFolders.changed("timm-token", "\"num_heads\": 3", "\"num_heads\": 5")
        .contains("do not divide into 5 heads"))
    #expect(
      try PublishedFolders.changed("timm-token", "\"depth\": 2", "\"depth\": 3")
        .contains("12 missing"))
    #expect(
      try PublishedFolders.changed("transformers-base", "\"vit\"", "\"swinv2\"").contains("swinv2"))
    #expect(
      try PublishedFolders.changed(
        "transformers-base", "\"patch_size\": 8", "\"patch_size\": [8, 8]"
      )
      .contains("patch_size has the wrong type"))
  }

  @Test(
    arguments: [
      ("timm-token", "patch_size", 0), ("timm-token", "patch_size", -8),
      ("timm-token", "mlp_ratio", 1e30), ("timm-token", "mlp_ratio", -4),
      ("timm-token", "embed_dim", 4_000_000_000_000), ("timm-token", "embed_dim", 16_384),
      ("timm-token", "depth", 0), ("timm-token", "depth", 100_000), ("timm-token", "num_heads", -3),
      ("timm-token", "img_size", [4_000_000_000, 4_000_000_000]),
      ("timm-token", "img_size", [0, 16]),
      ("timm-token", "num_classes", -1), ("timm-token", "reg_tokens", 1 << 40),
      ("timm-token", "drop_path_rate", 2), ("timm-swin", "depths", [2, -2]),
      ("timm-swin", "depths", [Int](repeating: 1, count: 40)), ("timm-swin", "window_size", 0),
      ("timm-swin", "window_size", -1),
      ("transformers-base", "patch_size", 0), ("transformers-base", "hidden_size", Int.max),
      ("transformers-base", "hidden_size", 0), ("transformers-base", "num_hidden_layers", -1),
      ("transformers-base", "intermediate_size", -48), ("transformers-base", "image_size", Int.max),
      ("transformers-swin", "depths", [2, -2]), ("transformers-swin", "embed_dim", Int.max),
      ("transformers-swin", "window_size", 0), ("transformers-swin", "mlp_ratio", 1e30),
      ("transformers-dinov2-registers", "num_register_tokens", -1),
    ] as [(String, String, any Sendable)])
  func `a number that no network has is refused in a sentence`(
    _ name: String, _ key: String, _ value: any Sendable
  ) throws {
    let copy = try PublishedFolders.copy(of: name) {
      try PublishedFolders.change($0.appendingPathComponent("config.json")) { object in
        if var arguments = object["model_args"] as? [String: Any] {
          arguments[key] = value
          object["model_args"] = arguments
          if key == "num_classes" { object[key] = value }
        } else {
          object[key] = value
        }
      }
    }
    defer { try? FileManager.default.removeItem(at: copy) }
    do {
      _ = try ModelFolder.load(copy.path)
      Issue.record("\(key) \(value) was taken")
    } catch {
      #expect(error is ModelFolderError || error is ModelReferenceError, "\(error)")
      #expect("\(error)".hasSuffix(".") && !"\(error)".contains("\n"), "\(error)")
    }
  }

  @Test func `preparations of the transformers library are taken as they are or refused`() throws {
    func prepared(_ changes: [String: Any]) throws -> ModelConfiguration.Preparation {
      let copy = FileManager.default.temporaryDirectory.appendingPathComponent("folder-\(UUID())")
      defer { try? FileManager.default.removeItem(at: copy) }
      try FileManager.default.copyItem(
        at: try PublishedFolders.folder("transformers-base"), to: copy)
      let file = copy.appendingPathComponent("preprocessor_config.json")
      let changed = try PublishedFolders.fields(file).merging(changes) { $1 }
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
    #expect(cropped.inputSize == [3, 32, 32] && cropped.cropsDown)
    #expect(try prepared(["size": ["height": 40, "width": 24]]).inputSize == [3, 40, 24])
    // As DeiT's folders have it: squashed, then cut.
    let squashed = try prepared([
      "do_center_crop": true, "size": ["height": 40, "width": 20],
      "crop_size": ["height": 32, "width": 16],
    ])
    #expect(squashed.cropMode == .squash && squashed.cropPct == 0.8)
    for (changes, words) in [
      (
        [
          "do_center_crop": true, "size": ["shortest_edge": 40],
          "crop_size": ["height": 32, "width": 16],
        ], "squares alone"
      ),
      (
        [
          "do_center_crop": true, "size": ["shortest_edge": 20],
          "crop_size": ["height": 32, "width": 32],
        ], "more than it resizes to"
      ),
      (["size": ["shortest_edge": 40]], "no common size"),
      (["do_center_crop": true, "size": ["shortest_edge": 40]], "how much"),
      (["image_mean": "half"], "preprocessor_config.json beside it is wrong: image_mean"),
    ] as [([String: Any], String)] {
      let error = #expect(throws: ModelFolderError.self) { try prepared(changes) }
      #expect(error?.description.contains(words) == true, "\(String(describing: error))")
    }
    for refused in [["do_rescale": false], ["do_resize": false]] as [[String: Any]] {
      #expect(throws: ModelFolderError.self) { try prepared(refused) }
    }
    let error = #expect(throws: ModelFolderError.self) { try prepared(["resample": 1]) }
    #expect(error?.description.contains("filter 1") == true)
  }
}
