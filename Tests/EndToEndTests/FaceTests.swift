import Foundation
import Images
import Testing

/// Faces from folder to table, as people and scripts meet them.
@Suite struct FaceTests {
  private let root = FileManager.default.temporaryDirectory
    .appendingPathComponent("face commands \(UUID().uuidString)")

  /// Ten persons under `train`, six others under `test`, three pictures each.
  private func write() throws {
    for (split, persons) in [("train", 0..<10), ("test", 10..<16)] {
      for person in persons {
        let folder = root.appendingPathComponent("data/\(split)/pérson \(person)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        for number in 0..<3 {
          var pixels: [UInt8] = []
          for y in 0..<36 {
            for x in 0..<30 {
              let isBright = (x / (person % 7 + 1) + y / (person / 3 + 2)) % 2 == 0
              pixels += [isBright ? 200 : 40, UInt8(12 * person), UInt8(60 + 30 * number)]
            }
          }
          try Image(width: 30, height: 36, pixels: pixels)
            .write(to: folder.appendingPathComponent("\(number).png"))
        }
      }
    }
  }

  private var data: String { root.appendingPathComponent("data").path }

  private func finetune(_ name: String, _ arguments: [String]) throws -> ProgramRun {
    try ProgramRun(
      "vision-finetune",
      [
        "--task", "face", "--data", data, "--from", "random:convnet_small@32x32", "--threads", "1",
        "--steps", "4", "--set", "face.batchSize=6", "--set", "face.embedding=16", "--set",
        "training.validationShare=0.4", "--set", "training.evaluateEverySteps=2", "--output",
        root.appendingPathComponent(name).path, "--json",
      ] + arguments)
  }

  @Test func `trains, reports, resumes nothing twice, and is scored at several resolutions`() throws
  {
    try write()
    defer { try? FileManager.default.removeItem(at: root) }
    let trained = try finetune("run", [])
    #expect(trained.exit == 0, "\(trained.errors)")
    let result = try #require(trained.object)
    #expect(result["task"] as? String == "face" && result["steps"] as? Int == 4)
    let best = try #require(result["best"] as? [String: Any])
    #expect(best["auc"] as? Double != nil && best["accuracy"] as? Double != nil)
    let run = root.appendingPathComponent("run").path
    let report = try String(contentsOfFile: run + "/report.html", encoding: .utf8)
    #expect(report.contains("Face recognition") && report.contains("no proof of identity"))
    let scored = try ProgramRun(
      "vision-evaluate",
      [
        run, "baseline:pixels", "--task", "face", "--data", data, "--resolutions", "16,8",
        "--output", root.appendingPathComponent("scores").path, "--json", "--threads", "1",
      ])
    #expect(scored.exit == 0, "\(scored.errors)")
    let models = try #require(scored.object?["models"] as? [[String: Any]])
    #expect(models.count == 2)
    #expect(models[0]["feature"] as? String == "task" && models[0]["featureWidth"] as? Int == 16)
    for model in models {
      for key in ["accuracy", "accuracyStd", "auc", "rank1", "rank5"] {
        let value = try #require(model[key] as? Double, "\(key)")
        #expect((0...1).contains(value), "\(key) \(value)")
      }
      for key in ["tarAtFar", "tpirAtFpir"] {
        // Six strangers are too few for some rates; the key is there all the same.
        let value = try #require(model[key], "\(key)")
        let rates = value as? [String: Double]
        #expect(rates?.isEmpty == false || value is NSNull, "\(key) \(value)")
        #expect(rates?.allSatisfy { Double($0.key) != nil && (0...1).contains($0.value) } ?? true)
      }
      #expect((model["tarAtFar"] as? [String: Double])?.isEmpty == false)
      #expect(model["pairs"] as? Int ?? 0 > 0)
      #expect((model["protocol"] as? String)?.contains("1:1: ") == true)
      let rows = try #require(model["byResolution"] as? [[String: Any]])
      #expect(rows.map { $0["rows"] as? Int } == [nil, 16, 8])
      for row in rows {
        #expect(row["auc"] as? Double != nil && row["tpirAtFpir"] != nil)
      }
    }
    // The pictures of a person differ by noise alone, which pixels see through nearly always.
    #expect(models[1]["rank1"] as? Double ?? 0 > 0.9)
    let files = try FileManager.default.subpathsOfDirectory(
      atPath: root.appendingPathComponent("scores").path)
    #expect(
      Set(files).isSuperset(of: [
        "report.html", "table.md", "results.json", "pictures/roc-1.svg", "pictures/cosines-2.svg",
      ]))
    let again = try ProgramRun("vision-finetune", ["--resume", run, "--json", "--threads", "1"])
    #expect(again.exit == 0 && again.object?["steps"] as? Int == 4, "\(again.errors)")
  }

  @Test func `an adapter is a small folder that works on its base`() throws {
    try write()
    defer { try? FileManager.default.removeItem(at: root) }
    let trained = try finetune("run", ["--adapter", "lora", "--rank", "2"])
    #expect(trained.exit == 0, "\(trained.errors)")
    let result = try #require(trained.object)
    #expect(result["adapter"] as? String == "lora")
    let trainable = try #require(result["trainableParameters"] as? Int)
    #expect(trainable > 0 && trainable < (result["totalParameters"] as? Int ?? 0) / 4)
    let run = root.appendingPathComponent("run").path
    func score(_ arguments: String...) throws -> [String: Any] {
      let scored = try ProgramRun(
        "vision-evaluate",
        arguments + ["--task", "face", "--data", data, "--json", "--threads", "1"])
      #expect(scored.exit == 0, "\(scored.errors)")
      return try #require(scored.object)
    }
    let whole = try score(run)
    #expect(whole["feature"] as? String == "task")
    // The same base, drawn from the same seed, with the adapter's folder alone.
    let apart = try score(
      "random:convnet_small@32x32", "--adapter", run + "/best/adapter", "--seed", "0")
    // Merged and attached weights differ in their last bits, which may swap two close pairs.
    let attached = try #require(apart["auc"] as? Double)
    let merged = try #require(whole["auc"] as? Double)
    #expect(abs(attached - merged) < 0.02)
    let other = try ProgramRun(
      "vision-evaluate",
      [
        "random:convnet_small@32x32", "--seed", "5", "--adapter", run + "/best/adapter", "--task",
        "face", "--data", data,
      ])
    #expect(other.exit == 65, "\(other.errors)")
  }

  @Test func `a gated adapter measures by its own network, and is no start by itself`() throws {
    try write()
    defer { try? FileManager.default.removeItem(at: root) }
    let trained = try finetune(
      "run",
      [
        "--adapter", "petalface", "--rank", "2", "--set", "adapter.metric=cnniqa", "--set",
        "face.qualitySteps=2", "--set", "face.alignedSize=32",
      ])
    #expect(trained.exit == 0, "\(trained.errors)")
    #expect(trained.errors.contains("rank correlation"))
    let run = root.appendingPathComponent("run").path
    for name in ["quality.safetensors", "adapter-plan.json", "best/adapter/quality.safetensors"] {
      #expect(FileManager.default.fileExists(atPath: "\(run)/\(name)"), "\(name)")
    }
    let again = try ProgramRun("vision-finetune", ["--resume", run, "--json", "--threads", "1"])
    #expect(again.exit == 0, "\(again.errors)")
    let scored = try ProgramRun(
      "vision-evaluate",
      [
        run, "--task", "face", "--data", data, "--quality-buckets", "4", "--json", "--threads", "1",
      ])
    #expect(scored.exit == 0, "\(scored.errors)")
    let started = try ProgramRun(
      "vision-finetune", ["--task", "face", "--data", data, "--from", run, "--dry-run"])
    #expect(started.exit == 65 && started.errors.contains("tuning.start"), "\(started.errors)")
    let base = ["random:convnet_small@32x32", "--adapter", run + "/best/adapter"]
    let peft = base + ["--format", "peft", "--output", root.appendingPathComponent("peft").path]
    let refused = try ProgramRun("vision-export", peft)
    #expect(refused.exit == 65 && refused.errors.contains("PEFT"), "\(refused.errors)")
    let fixed = try ProgramRun("vision-export", peft + ["--quality", "0.8", "--json"])
    #expect(fixed.exit == 0, "\(fixed.errors)")
  }

  @Test func `mistakes are told in a sentence`() throws {
    try write()
    defer { try? FileManager.default.removeItem(at: root) }
    let unknown = try finetune("run", ["--adapter", "lroa"])
    #expect(unknown.exit == 64 && unknown.errors.contains("lora"), "\(unknown.errors)")
    let rows = try ProgramRun(
      "vision-evaluate",
      ["baseline:pixels", "--task", "face", "--data", data, "--resolutions", "16,x"])
    #expect(rows.exit == 64 && rows.errors.contains("16,x"))
    let missing = try ProgramRun(
      "vision-evaluate", ["baseline:pixels", "--task", "face", "--data", data + "/nothing"])
    #expect(missing.exit == 66, "\(missing.errors)")
    try FileManager.default.copyItem(
      atPath: data + "/train/pérson 3", toPath: data + "/test/pérson 3")
    try Data([1, 2]).write(to: URL(fileURLWithPath: data + "/test/pérson 11/0.png"))
    let dry = try finetune("dry", ["--dry-run", "--adapter", "colora"])
    #expect(dry.exit == 0 && dry.object?["persons"] as? Int == 6, "\(dry.errors)")
    #expect(dry.errors.contains("1 training persons also stand in test/ (such as pérson 3)"))
    #expect(dry.object?["measuringMinutes"] as? Double ?? 0 > 0)
    let check = try ProgramRun(
      "vision-evaluate",
      ["baseline:pixels", "--task", "face", "--data", data, "--dry-run", "--json"])
    #expect(check.exit == 0 && check.object?["skipped"] as? Int == 1, "\(check.errors)")
    #expect((check.object?["warnings"] as? [String])?.first?.contains("pérson 3") == true)
    for key in ["estimatedSeconds", "estimatedMemoryMiB"] {
      #expect(check.object?[key] as? Double ?? 0 > 0, "\(key)")
    }
    #expect(!FileManager.default.fileExists(atPath: root.appendingPathComponent("dry").path))
  }
}
