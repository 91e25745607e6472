import Foundation
import Images
import Testing

/// Restoration from pairs to restored pictures, as people and scripts meet it.
@Suite struct RestorationTests {
  private let root = FileManager.default.temporaryDirectory
    .appendingPathComponent("restoration commands \(UUID().uuidString)")

  private func path(_ name: String) -> String { root.appendingPathComponent(name).path }

  /// Eight clean pictures of stripes under `target`, the same with speckles under `input`.
  private func writePairs() throws {
    for folder in ["pairs/input", "pairs/target"] {
      try FileManager.default.createDirectory(
        atPath: path(folder), withIntermediateDirectories: true)
    }
    for number in 0..<8 {
      var (clean, noisy): ([UInt8], [UInt8]) = ([], [])
      for place in 0..<(48 * 40 * 3) {
        let value = (place / (9 + number)) % 2 == 0 ? 60 : 180
        clean.append(UInt8(value))
        noisy.append(UInt8(value + (place &* 2_654_435_761) % 41 - 20))
      }
      for (folder, pixels) in [("pairs/input", noisy), ("pairs/target", clean)] {
        try Image(width: 48, height: 40, pixels: pixels)
          .write(to: root.appendingPathComponent("\(folder)/píc \(number).png"))
      }
    }
  }

  @Test(arguments: ["full", "lora"])
  func `learns from pairs, is scored beside its yardsticks, and restores a folder`(
    _ method: String
  ) throws {
    try writePairs()
    defer { try? FileManager.default.removeItem(at: root) }
    let trained = try ProgramRun(
      "vision-finetune",
      [
        "--task", "restoration", "--data", path("pairs"), "--from", "random:nafnet_small",
        "--adapter", method, "--steps", "3", "--threads", "1", "--output", path("run"), "--json",
        "--set", "restoration.crop=32", "--set", "restoration.overlap=8", "--set",
        "restoration.batch=2", "--set",
        "training.validationShare=0.25", "--set", "training.evaluateEverySteps=2",
      ])
    #expect(trained.exit == 0, "\(trained.errors)")
    let result = try #require(trained.object)
    #expect(result["task"] as? String == "restoration" && result["steps"] as? Int == 3)
    #expect(result["adapter"] as? String == method)

    let scored = try ProgramRun(
      "vision-evaluate",
      [
        path("run"), "baseline:identity", "--task", "restoration", "--data", path("pairs"),
        "--threads", "1", "--json",
      ])
    #expect(scored.exit == 0, "\(scored.errors)")
    let models = try #require(scored.object?["models"] as? [[String: Any]])
    #expect(models.count == 2)
    for model in models {
      let decibels = try #require(model["psnr"] as? Double)
      #expect((5...60).contains(decibels), "\(decibels)")
      let means = try #require(model["byDegradation"] as? [String: [String: Double]])
      #expect(means.keys.sorted() == ["paired"])
      for key in ["psnr", "ssim", "inputPsnr", "inputSsim"] {
        let value = try #require(model[key] as? Double, "\(key)")
        #expect(value > 0 && means["paired"]?[key] == value, "\(key) \(value)")
      }
      #expect(model["images"] as? Int == 8 && model["protocol"] as? String == "rgb-8bit-ssim2d")
    }
    // What cannot be used is named before anything is scored or learned.
    let odd = root.appendingPathComponent("pairs/input/píc 5.png")
    let kept = try Data(contentsOf: odd)
    try Image(width: 20, height: 40, red: 1).write(to: odd)
    try Image(width: 48, height: 40, red: 1)
      .write(to: root.appendingPathComponent("pairs/target/alone.png"))
    let check = try ProgramRun(
      "vision-evaluate",
      [
        path("run"), "--task", "restoration", "--data", path("pairs"), "--dry-run", "--json",
        "--threads", "1",
      ])
    #expect(check.exit == 0 && check.object?["skipped"] as? Int == 2, "\(check.errors)")
    #expect(check.object?["pictures"] as? Int == 7)
    #expect(check.errors.contains("alone.png") && check.errors.contains("20x40"))
    #expect(check.object?["estimatedSeconds"] as? Double ?? 0 > 0)
    let planned = try ProgramRun(
      "vision-finetune",
      [
        "--task", "restoration", "--data", path("pairs"), "--from", "random:nafnet_small",
        "--set", "restoration.crop=32", "--set", "restoration.overlap=8", "--dry-run", "--json",
        "--threads", "1",
      ])
    #expect(planned.exit == 0 && planned.object?["skipped"] as? Int == 2, "\(planned.errors)")
    #expect(planned.errors.contains("1 pairs have pictures of two sizes"), "\(planned.errors)")
    #expect(planned.errors.contains("no spoiled picture goes with it"), "\(planned.errors)")
    try kept.write(to: odd)
    try FileManager.default.removeItem(at: root.appendingPathComponent("pairs/target/alone.png"))

    // Every form of the two scores has a name, and a network says what it does to clean pictures.
    for key in [
      "lumaPsnr", "roundedLumaPsnr", "lumaSsim", "ssim3d", "ssimUniform", "unroundedPsnr",
      "uncutPsnr", "cleanPsnr",
    ] { #expect(models[0][key] as? Double ?? 0 > 0, "\(key)") }
    #expect((models[0]["psnrInterval"] as? [Double])?.count == 2)
    #expect(models[1]["cleanPsnr"] == nil && models[1]["uncutPsnr"] == nil)
    let cut = try ProgramRun(
      "vision-evaluate",
      [
        path("run"), "--task", "restoration", "--data", path("pairs"), "--border", "8",
        "--threads", "1", "--json",
      ])
    #expect(cut.exit == 0 && cut.object?["border"] as? Int == 8, "\(cut.errors)")
    #expect(cut.object?["psnr"] as? Double != models[0]["psnr"] as? Double)
    #expect((cut.object?["caption"] as? String)?.contains("8 pixels cut on each side") == true)
    for flag in ["--tile=-5", "--tile=3", "--border=-1"] {
      let refused = try ProgramRun(
        "vision-evaluate", [path("run"), "--task", "restoration", "--data", path("pairs"), flag])
      #expect(refused.exit == 64 && refused.errors.contains("whole number"), "\(refused.errors)")
    }
    // What is left as it is scores as its input, which is the same for every model.
    for (after, before) in [("psnr", "inputPsnr"), ("ssim", "inputSsim")] {
      let given = models[1][before] as? Double
      #expect(models[1][after] as? Double == given && models[0][before] as? Double == given)
    }
    let spoiled = try ProgramRun(
      "vision-evaluate",
      [
        "baseline:identity", "--task", "restoration", "--data", path("pairs/target"),
        "--degradation", "noise25", "--threads", "1", "--json",
      ])
    #expect(spoiled.exit == 0, "\(spoiled.errors)")
    let noise = spoiled.object?["byDegradation"] as? [String: [String: Double]]
    #expect(noise?.keys.sorted() == ["noise25"])
    #expect(noise?["noise25"]?["psnr"] == spoiled.object?["psnr"] as? Double)
    // Noise of a deviation of 25 of 255 levels is 20.2 dB, and a little more where it is cut off.
    #expect((19.5...21.5).contains(noise?["noise25"]?["inputPsnr"] ?? 0), "\(noise ?? [:])")

    if method == "lora" {
      let exported = try ProgramRun(
        "vision-export",
        [
          "random:nafnet_small", "--adapter", path("run/best/adapter"), "--merge", "--format",
          "safetensors", "--output", path("merged"), "--json",
        ])
      #expect(exported.exit == 0, "\(exported.errors)")
      #expect(exported.errors.contains("merged 1 adapter"))
      let plain = try ProgramRun(
        "vision-export",
        ["random:nafnet_small", "--format", "safetensors", "--output", path("plain"), "--json"])
      #expect(plain.exit == 0, "\(plain.errors)")
      func weights(_ name: String) throws -> Data {
        try Data(contentsOf: root.appendingPathComponent("\(name)/model.safetensors"))
      }
      #expect(try weights("merged") != weights("plain"))
    }

    // What vision-export writes of it is scored the same, and can be written as a graph.
    let exported = try ProgramRun(
      "vision-export",
      [path("run"), "--format", "safetensors", "--output", path("exported"), "--json"])
    #expect(exported.exit == 0, "\(exported.errors)")
    let again = try ProgramRun(
      "vision-evaluate",
      [
        path("exported"), "--task", "restoration", "--data", path("pairs"), "--threads", "1",
        "--json",
      ])
    #expect(again.exit == 0, "\(again.errors)")
    #expect(again.object?["psnr"] as? Double == models[0]["psnr"] as? Double)

    // Two files of one name end in two files; what is no picture is skipped and said.
    let input = root.appendingPathComponent("pairs/input")
    try Image(contentsOf: input.appendingPathComponent("píc 0.png"))
      .write(to: input.appendingPathComponent("píc 0.jpg"))
    try Data("no picture".utf8).write(to: input.appendingPathComponent("broken.png"))
    let restored = try ProgramRun(
      "vision-restore",
      [path("run"), input.path, path("out"), "--threads", "1", "--json"])
    #expect(restored.exit == 0, "\(restored.errors)")
    let answer = try #require(restored.object)
    #expect(answer["pictures"] as? Int == 9 && answer["skipped"] as? Int == 1)
    let names = Set(try FileManager.default.contentsOfDirectory(atPath: path("out")))
    #expect(names.count == 9 && names.isSuperset(of: ["píc 0.png.png", "píc 0.jpg.png"]))
    let picture = try Image(contentsOf: root.appendingPathComponent("out/píc 7.png"))
    #expect(picture.width == 48 && picture.height == 40)
  }

  @Test func `exported folders restore pictures, and enlarging networks enlarge them`() throws {
    try writePairs()
    defer { try? FileManager.default.removeItem(at: root) }
    let input = path("pairs/input/píc 0.png")
    let exported = try ProgramRun(
      "vision-export",
      ["random:nafnet_small", "--format", "safetensors", "--output", path("small"), "--json"])
    #expect(exported.exit == 0, "\(exported.errors)")
    let restored = try ProgramRun(
      "vision-restore", [path("small"), input, path("out.png"), "--threads", "1", "--json"])
    #expect(restored.exit == 0, "\(restored.errors)")
    #expect(try Image(contentsOf: URL(fileURLWithPath: path("out.png"))).width == 48)
    let folder = try ProgramRun(
      "vision-evaluate",
      [
        path("small"), "--task", "restoration", "--data", path("pairs"), "--threads", "1", "--json",
      ])
    #expect(folder.exit == 0, "\(folder.errors)")

    let enlarged = try ProgramRun(
      "vision-restore",
      ["random:swinir_light_x3", input, path("big.png"), "--threads", "2", "--json"])
    #expect(enlarged.exit == 0, "\(enlarged.errors)")
    let picture = try Image(contentsOf: URL(fileURLWithPath: path("big.png")))
    #expect(picture.width == 144 && picture.height == 120)
    let evaluation = ["vision-evaluate", "random:swinir_light_x3", "--task", "restoration"]
    let training = [
      "vision-finetune", "--task", "restoration", "--from", "random:swinir_light_x3", "--output",
      path("none"), "--steps", "1",
    ]
    for (program, exit) in [(evaluation, 65), (training, 64)] {
      let refused = try ProgramRun(
        program[0], Array(program.dropFirst()) + ["--data", path("pairs"), "--threads", "1"])
      #expect(refused.exit == exit, "\(refused.errors)")
      #expect(refused.errors.contains("enlarges pictures by 3"), "\(refused.errors)")
    }
    let misspelt = try ProgramRun("vision-restore", ["random:nafnet_smal", input, path("x.png")])
    #expect(misspelt.exit == 64)
    #expect(misspelt.errors.contains("did you mean \"nafnet_small\"?"), "\(misspelt.errors)")
  }

  @Test func `settings of a training are passed over where nothing is trained`() throws {
    let run = try ProgramRun(
      "vision-restore",
      ["random:nafnet_small", "no such picture", "out", "--set", "restoration.crop=32"])
    #expect(run.exit == 66 && run.errors.contains("passed over: restoration.crop"))
    let export = try ProgramRun(
      "vision-export",
      [
        "random:nafnet_smal", "--format", "onnx", "--output", "no such folder/x.onnx", "--recipe",
        "tiny",
      ])
    #expect(export.exit != 0 && export.errors.contains("--recipe tiny decides a training"))
    let wrong = try ProgramRun(
      "vision-restore", ["random:nafnet_small", "in", "out", "--set", "restoration.crob=32"])
    #expect(wrong.exit == 64 && wrong.errors.contains("restoration.crob"), "\(wrong.errors)")
  }
}
