import Backbones
import Foundation
import Gradients
import Layers
import Storage
import Tensors
import Testing
import Training

/// Folders that are written here, opened by timm, transformers and safetensors where a Python with them
/// is at hand, and what those libraries write of them, opened here.
struct PythonFolderTests {
  private func features(_ backbone: any Backbone) -> (pictures: Tensor, features: Tensor) {
    var random = RandomStream(seed: 4)
    let extent = backbone.inputExtent
    let pictures = random.normal(shape: [2, extent.height, extent.width, 3], deviation: 1)
    return (pictures, backbone.features(of: Variable(pictures), in: .inference()).value)
  }

  /// Writes a folder, and what we compute beside it.
  private func write(
    _ backbone: any Backbone, _ configuration: ModelConfiguration, to folder: URL
  ) throws {
    try ModelFolder.write(backbone, configuration: configuration, to: folder)
    let (pictures, features) = features(backbone)
    try SafetensorsWriter.write(
      [
        ("pictures", pictures.shape, .float32(pictures.values)),
        ("features", features.shape, .float32(features.values)),
      ], to: folder.appendingPathComponent("expected.safetensors"))
  }

  @Test(.enabled(if: OtherSoftware.python != nil, "set SWIFT_VISION_PYTHON=$(tools/python)"))
  func `timm, transformers and safetensors open our folders strictly, and we open theirs`() throws {
    let root = FileManager.default.temporaryDirectory.appendingPathComponent("python-\(UUID())")
    try FileManager.default.createDirectory(at: root, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: root) }
    for name in [
      "vit_tiny_patch16_224@64x32", "swin_tiny_patch4_window7_224@64x32", "resnet50@64x32",
      "mobilenetv2_100@64x32",
    ] {
      let model = try ModelFolder.load("random:\(name)", seed: 1)
      let folder = root.appendingPathComponent("timm-\(model.configuration.architecture)")
      try write(model.backbone, model.configuration, to: folder)
    }
    // The two in BEiT's shape, small; timm has a name for one of them.
    for (name, kind) in [
      ("beit_base_patch16_224", "timm-beit"), ("simmim_vit_base_patch16_224", "shared-simmim"),
    ] {
      var options = BackboneOptions(image: Extent(height: 64, width: 32))
      options.depths = [12]
      (options.width, options.heads) = (48, [3])
      let made = try ModelFolder.makeNetwork(
        named: name, options: options, random: RandomStream(seed: 2))
      // Tables that start at 0 would hide their order.
      for (path, parameter) in made.backbone.parameters where path.hasSuffix("bias_table") {
        var random = RandomStream(seed: 3)
        parameter.value = random.normal(shape: parameter.value.shape, deviation: 1)
      }
      var configuration = ModelFolder.configuration(
        of: made.backbone, entry: made.entry, embedding: 0, origin: "test")
      configuration.modelArgs.depth = [12]
      configuration.modelArgs.embedDim = 48
      configuration.modelArgs.numHeads = [3]
      try write(made.backbone, configuration, to: root.appendingPathComponent(kind))
    }
    for name in ["transformers-classifier", "transformers-swin", "transformers-dinov2"] {
      let golden = ReadmeTests.root.appendingPathComponent("Tests/TrainingTests/Goldens/\(name)")
      // Another picture size, whose positions are fitted; that library knows square ones of DINOv2's.
      let sizes = ["transformers-classifier": "@48x32", "transformers-dinov2": "@48x48"]
      let model = try ModelFolder.load(golden.path + (sizes[name] ?? ""))
      try write(model.backbone, model.configuration, to: root.appendingPathComponent(name))
    }
    let types = root.appendingPathComponent("types.safetensors")
    let values: [Float] = [1, -2.5, 0.000_061, 65_504]
    try SafetensorsWriter.write(
      [
        ("half", [2, 2], .float16(values)), ("single", [4], .float32(values)),
        ("count", [], .int64([-7])), ("nothing", [0, 3], .float32([])),
      ], metadata: ["note": "größer"], to: types)

    // The recorder's check tells the largest difference of each folder.
    let answer = try OtherSoftware.run(
      [OtherSoftware.tools.appendingPathComponent("goldens/folders.py").path, "check", root.path])
    let differences = try JSONDecoder().decode(
      [String: Double].self, from: Data(answer.output.utf8))
    #expect(differences.count == 9)
    for (name, difference) in differences {
      #expect(difference < 1e-5, "\(name)")
      // What the library saves again is what we wrote.
      let ours = try ModelFolder.load(root.appendingPathComponent(name).path).backbone
      let theirs = try ModelFolder.load(root.appendingPathComponent("\(name)/again").path).backbone
      #expect(features(theirs).features == features(ours).features, "\(name)")
    }
    let again = try SafetensorsFile(
      contentsOf: root.appendingPathComponent("types-again.safetensors"))
    #expect(again["half"]?.type == .float16 && again["half"]?.shape == [2, 2])
    #expect(try again.floats("half") == SafetensorsFile(contentsOf: types).floats("half"))
    #expect(try again.floats("single") == values && again.integers("count") == [-7])
    #expect(again["nothing"]?.shape == [0, 3] && again.metadata["note"] == "größer")
  }
}
