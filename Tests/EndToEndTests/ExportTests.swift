import Foundation
import Layers
import Storage
import Tensors
import Testing
import Training

/// `vision-export` as people and scripts meet it.
@Suite struct ExportTests {
  private let folder = FileManager.default.temporaryDirectory
    .appendingPathComponent("export-\(UUID().uuidString)")

  init() throws {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  private func export(_ arguments: String...) throws -> ProgramRun {
    try ProgramRun("vision-export", arguments, directory: folder)
  }

  private func lastLine(_ run: ProgramRun) -> String {
    run.errors.split(whereSeparator: \.isNewline).last.map(String.init) ?? ""
  }

  @Test(arguments: [
    ("vit_tiny_patch16_224", ["--size", "64x32"]), ("convnet_small", ["--size", "64x32"]),
    ("swin_tiny_patch4_window7_224", ["--size", "64x32"]),
    ("mobilenetv2_100", ["--size", "64x32", "--preprocessing"]),
    ("nafnet_small", ["--size", "36x28"]), ("swinir_light_x2", ["--size", "20x12"]),
    // At the size that people use them.
    ("vit_small_patch16_224", []), ("resnet50", []), ("nafnet_w32", ["--size", "180x140"]),
  ])
  func `onnxruntime computes what the network computes`(
    _ name: String, _ size: [String]
  ) throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let run = try ProgramRun(
      "vision-export",
      [
        "random:\(name)", "--format", "onnx", "--output", "m.onnx", "--seed", "3", "--json",
        "--samples", "s.safetensors",
      ] + size,
      directory: folder)
    #expect(run.exit == 0, "\(run.errors)")
    let answer = try #require(run.object)
    #expect(answer["opset"] as? Int == 17 && (answer["nodes"] as? Int ?? 0) > 5)
    #expect((answer["largestDifference"] as? Double ?? 1) < 1e-4)
    #expect(run.errors.contains("largest difference"))
    // Without it the graph has still been computed by our own reading of the specification.
    guard OtherSoftware.python != nil else { return }
    let program = folder.appendingPathComponent("check.py")
    try """
    import json, numpy, onnx, onnxruntime
    onnx.checker.check_model("m.onnx", full_check=True)
    data = open("s.safetensors", "rb").read()
    size = int.from_bytes(data[:8], "little")
    def tensor(name):
        entry = json.loads(data[8:8 + size])[name]
        begin, end = entry["data_offsets"]
        values = numpy.frombuffer(data[8 + size + begin:8 + size + end], dtype=numpy.float32)
        return values.reshape(entry["shape"])
    session = onnxruntime.InferenceSession("m.onnx")
    images, results = tensor("images"), tensor("results")
    if session.get_inputs()[0].type == "tensor(uint8)":
        images = images.astype(numpy.uint8)
    for batch in (1, 3):
        found = session.run(None, {"images": numpy.concatenate([images] * batch)})[0]
        assert found.shape == (batch,) + results.shape[1:], found.shape
        difference = abs(found - results).max()
        assert difference <= 1e-4 * max(1, abs(results).max()), difference
    """.write(to: program, atomically: true, encoding: .utf8)
    _ = try OtherSoftware.run([program.path], directory: folder)
  }

  @Test func `a model folder is written and opens again`() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let run = try export(
      "random:nafnet_small", "--format", "safetensors", "--output", "model", "--json")
    #expect(run.exit == 0, "\(run.errors)")
    #expect(run.object?["largestDifference"] as? Double == 0)
    let graph = try export(
      "model", "--format", "onnx", "--size", "32x32", "--preprocessing", "--output", "m.onnx",
      "--json")
    #expect(graph.exit == 0, "\(graph.errors)")
    #expect((graph.object?["largestDifference"] as? Double ?? 1) < 1e-4)
  }

  @Test func `every command tells what became of the weights and how pictures are prepared`() throws
  {
    defer { try? FileManager.default.removeItem(at: folder) }
    let goldens = ReadmeTests.root.appendingPathComponent("Tests/TrainingTests/Goldens")
    let model = goldens.appendingPathComponent("timm-token").path + "@48x40"
    let pictures = ReadmeTests.root.appendingPathComponent("Tests/ImagesTests/Fixtures").path
    let evaluation = try ProgramRun(
      "vision-evaluate", [model, "--data", pictures, "--features", "f.safetensors", "--dry-run"],
      directory: folder)
    let exported = try export(
      model, "--format", "safetensors", "--output", "a", "--dry-run", "--verbose")
    for run in [evaluation, exported] {
      #expect(run.exit == 0, "\(run.errors)")
      #expect(run.errors.contains("0 missing, 0 unexpected, 1 reshaped"), "\(run.errors)")
      #expect(run.errors.contains("pictures of 48x40"))
      #expect(run.errors.contains("mean 0.5, 0.5, 0.5, std 0.5, 0.5, 0.5"))
    }
    #expect(exported.errors.contains("reshaped: pos_embed from [1, 9, 24] to [1, 31, 24]"))
    let restorer = try export("random:nafnet_small", "--format", "safetensors", "--output", "n")
    #expect(restorer.exit == 0, "\(restorer.errors)")
    let restoring = try ProgramRun(
      "vision-restore", ["n", pictures, "restored", "--dry-run"], directory: folder)
    #expect(restoring.errors.contains("tensors in its own names: "), "\(restoring.errors)")
    let quiet = try export(
      model, "--format", "safetensors", "--output", "a", "--dry-run", "--quiet")
    #expect(quiet.exit == 0 && quiet.errors.isEmpty, "\(quiet.errors)")
  }

  @Test func `halves take half the size and give nearly the same`() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    var sizes: [Int] = []
    for more in [[], ["--half"]] {
      let run = try ProgramRun(
        "vision-export",
        [
          "random:vit_tiny_patch16_224@64x32", "--format", "safetensors", "--output",
          "model-\(more.count)", "--json",
        ] + more, directory: folder)
      #expect(run.exit == 0, "\(run.errors)")
      let difference = try #require(run.object?["largestDifference"] as? Double)
      #expect(more.isEmpty ? difference == 0 : difference > 0 && difference < 0.05)
      sizes.append(try #require(run.object?["bytes"] as? Int))
    }
    #expect(abs(Double(sizes[0]) / Double(sizes[1]) - 2) < 0.02)
  }

  @Test func `a network that gives no numbers is not called equal`() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let model = try ModelFolder.load("random:convnet_small", seed: 1)
    for (_, parameter) in model.backbone.parameters where parameter.value.rank == 4 {
      parameter.value = parameter.value.scaled(by: 1e30)
    }
    try ModelFolder.write(
      model.backbone, configuration: model.configuration,
      to: folder.appendingPathComponent("diverged"))
    for format in ["safetensors", "onnx"] {
      let run = try export("diverged", "--format", format, "--output", "out-\(format)")
      #expect(run.exit == 65 && run.errors.contains("no finite numbers"), "\(run.errors)")
      #expect(!run.errors.contains("largest difference"))
    }
  }

  @Test(arguments: [
    ("\"patch_size\": 8", "\"patch_size\": 0"), ("\"in_chans\": 3", "\"mlp_ratio\": 1e30"),
    ("\"embed_dim\": 24", "\"embed_dim\": 4000000000000"), ("\"depth\": 2", "\"depth\": -2"),
  ])
  func `a description with a number that no network has ends in a sentence`(
    _ old: String, _ new: String
  ) throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let golden = ReadmeTests.root.appendingPathComponent("Tests/TrainingTests/Goldens/timm-token")
    let model = folder.appendingPathComponent("model")
    try FileManager.default.copyItem(at: golden, to: model)
    let file = model.appendingPathComponent("config.json")
    let text = try String(contentsOf: file, encoding: .utf8)
    #expect(text.contains(old))
    try Data(text.replacingOccurrences(of: old, with: new).utf8).write(to: file)
    let run = try export("model", "--format", "safetensors", "--output", "out")
    #expect(run.exit == 65 && isOneSentence(lastLine(run)), "\(run.errors)")
    #expect(run.errors.contains(new.split(separator: "\"")[0]))
  }

  @Test func `descriptions of restoration networks are read whole`() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let made = try export("random:nafnet_small", "--format", "safetensors", "--output", "n")
    #expect(made.exit == 0, "\(made.errors)")
    let file = folder.appendingPathComponent("n/config.json")
    let text = try String(contentsOf: file, encoding: .utf8)
    for (old, new, word) in [
      ("\"model_args\" : {", "\"model_args\" : {\"width\": 16", "width"),
      ("\"num_classes\" : 0", "\"num_classes\" : 3", "num_classes"),
      ("\"mean\" : [\n      0,", "\"mean\" : [\n      0.5,", "mean and std"),
    ] {
      #expect(text.contains(old))
      try Data(text.replacingOccurrences(of: old, with: new).utf8).write(to: file)
      let run = try ProgramRun("vision-restore", ["n", ".", "out"], directory: folder)
      #expect(run.exit == 65 && run.errors.contains(word), "\(run.errors)")
      #expect(isOneSentence(lastLine(run)), "\(run.errors)")
    }
  }

  @Test func `mistakes are answered in one sentence`() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let missing = try export("nothing", "--format", "onnx", "--output", "m.onnx")
    #expect(missing.exit == 66 && missing.errors.contains("nothing"))
    let adapter = try export(
      "random:convnet_small", "--format", "onnx", "--output", "m.onnx", "--adapter", "a")
    #expect(adapter.exit == 64 && adapter.errors.contains("--merge"))
    let made = try export("random:convnet_small", "--format", "safetensors", "--output", "a@b")
    #expect(made.exit == 0, "\(made.errors)")
    let sized = try export(
      "a@b", "--format", "onnx", "--output", "sized.onnx", "--size", "32x32", "--json")
    #expect(sized.exit == 0 && sized.object?["pictures"] as? [Int] == [32, 32], "\(sized.errors)")
    try FileManager.default.removeItem(at: folder.appendingPathComponent("a@b/model.safetensors"))
    let bare = try export("a@b", "--format", "safetensors", "--output", "bare")
    #expect(bare.exit == 66 && isOneSentence(lastLine(bare)), "\(bare.errors)")
    let restorer = try export("random:nafnet_small", "--format", "safetensors", "--output", "n")
    #expect(restorer.exit == 0, "\(restorer.errors)")
    try FileManager.default.removeItem(at: folder.appendingPathComponent("n/model.safetensors"))
    let restoring = try ProgramRun("vision-restore", ["n", ".", "out"], directory: folder)
    #expect(restoring.exit == 66 && isOneSentence(lastLine(restoring)), "\(restoring.errors)")
    let size = try export(
      "random:convnet_small", "--format", "onnx", "--output", "m.onnx", "--size", "ten")
    #expect(size.exit == 64 && size.errors.contains("HEIGHTxWIDTH"))
    let help = try export("--help")
    #expect(help.exit == 0 && help.output.contains("Examples:"))
  }
}
