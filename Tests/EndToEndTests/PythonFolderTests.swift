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

  /// Puts what we compute into a folder whose description is there already, and the weights again, so
  /// that they have the names of the given form.
  private func complete(
    _ folder: URL, of backbone: any Backbone, naming: WeightNaming = .own
  ) throws {
    try ModuleWeights.write(
      backbone, naming: naming, to: folder.appendingPathComponent(ModelConfiguration.weightsName))
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
      try ModelFolder.write(model.backbone, configuration: model.configuration, to: folder)
      try complete(folder, of: model.backbone)
    }
    let golden = ReadmeTests.root.appendingPathComponent(
      "Tests/TrainingTests/Goldens/transformers-classifier")
    let copy = root.appendingPathComponent("transformers-classifier")
    try FileManager.default.copyItem(at: golden, to: copy)
    let model = try ModelFolder.load(golden.path)
    let entry = try #require(BackboneCatalog.entry(named: model.configuration.architecture))
    try complete(
      copy, of: model.backbone, naming: entry.naming(of: ["vit.embeddings.cls_token"]))
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
    #expect(differences.count == 5)
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
