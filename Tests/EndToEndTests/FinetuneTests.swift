import Foundation
import Testing

/// `vision-finetune` as people and scripts meet it.
@Suite struct FinetuneTests {
  private func finetune(_ arguments: String...) throws -> ProgramRun {
    try ProgramRun("vision-finetune", arguments)
  }

  /// Settings for seconds, on 32 by 16 pixels.
  private let quick = [
    "--from", "random:convnet_small@32x16", "--threads", "1", "--set", "reid.personsPerBatch=2",
    "--set", "reid.imagesPerPerson=2", "--set", "training.validationShare=0.5",
    "--set", "training.evaluateEverySteps=3", "--set", "training.checkpointEverySteps=2",
  ]

  /// Four persons, three cameras, under `bounding_box_train`, with query and gallery of the same layout.
  private func people() throws -> PersonPictures {
    let people = try PersonPictures()
    try people.writeMarket()
    for person in 1...4 {
      for camera in 1...3 {
        let name = "001\(person)_c\(camera)s1_000001_00.png"
        try people.write("market/bounding_box_train/\(name)", person: person, tint: 4 * camera)
      }
    }
    return people
  }

  /// Trains everything for some steps.
  private func train(_ people: PersonPictures, steps: Int, to run: String) throws -> ProgramRun {
    try ProgramRun(
      "vision-finetune",
      [
        "--task", "reid", "--data", people.path("market"), "--steps", "\(steps)", "--output", run,
        "--json",
      ] + quick)
  }

  @Test func `trains, reports, and is scored`() throws {
    let people = try people()
    defer { people.remove() }
    let run = people.path("run")
    let trained = try train(people, steps: 6, to: run)
    #expect(trained.exit == 0, "\(trained.errors)")
    let result = try #require(trained.object)
    #expect(result["task"] as? String == "reid" && result["adapter"] as? String == "full")
    #expect(result["steps"] as? Int == 6 && result["run"] as? String == run)
    #expect(result["trainableParameters"] as? Int ?? 0 > 300_000)
    let best = try #require(result["best"] as? [String: Any])
    #expect(best["mAP"] as? Double != nil && best["protocol"] as? String == "cross-camera")
    #expect(trained.errors.contains("held-out persons"))
    let yardsticks = try #require(result["yardsticks"] as? [[String: Any]])
    let names = Set(yardsticks.compactMap { $0["name"] as? String })
    #expect(names == ["baseline:histogram", "baseline:histogram-lda", "baseline:pixels"])
    let report = try String(contentsOfFile: run + "/report.html", encoding: .utf8)
    #expect(report.contains("baseline:histogram-lda") && report.contains("camera-centred"))
    let files = Set(try FileManager.default.contentsOfDirectory(atPath: run))
    #expect(
      files.isSuperset(of: [
        "recipe.yaml", "command.txt", "log.txt", "metrics.csv", "last", "best", "pictures",
        "skipped.txt", "report.html",
      ]))
    let model = Set(try FileManager.default.contentsOfDirectory(atPath: run + "/best"))
    #expect(
      model.isSuperset(of: [
        "config.json", "model.safetensors", "head.safetensors", "task.json", "README.md",
      ]))
    let scored = try ProgramRun(
      "vision-evaluate", [run, "--task", "reid", "--data", people.path("market"), "--json"])
    #expect(scored.exit == 0, "\(scored.errors)")
    #expect(try #require(scored.object)["feature"] as? String == "task")
  }

  @Test func `an adapter is scored on its base`() throws {
    let people = try people()
    defer { people.remove() }
    let run = people.path("run")
    let trained = try ProgramRun(
      "vision-finetune",
      [
        "--task", "reid", "--data", people.path("market"), "--steps", "4", "--adapter", "lora",
        "--rank", "2", "--output", run, "--json", "--set", "training.learningRate=0.05",
      ] + quick)
    #expect(trained.exit == 0, "\(trained.errors)")
    func score(_ arguments: [String]) throws -> [String: Any] {
      let scored = try ProgramRun(
        "vision-evaluate",
        arguments + [
          "--task", "reid", "--data", people.path("market"), "--threads", "1", "--json",
        ])
      #expect(scored.exit == 0, "\(scored.errors)")
      return try #require(scored.object)
    }
    let base = ["random:convnet_small@32x16", "--seed", "0"]
    let plain = try score(base)
    let adapted = try score(base + ["--adapter", run + "/best/adapter"])
    for key in ["mAP", "mINP", "rank1", "rank5", "rank10"] {
      let value = try #require(adapted[key] as? Double, "\(key)")
      #expect((0...1).contains(value), "\(key) \(value)")
    }
    // The mark of the weights that scored: those of the base with the adapter on them.
    #expect(adapted["weights"] as? String != plain["weights"] as? String)
    #expect(adapted["weights"] is String && plain["weights"] is String)
  }

  @Test func `a run that is killed and resumed ends with the same files`() throws {
    let people = try people()
    defer { people.remove() }
    let (straight, cut) = (people.path("straight"), people.path("cut"))
    let start = ["--task", "reid", "--data", people.path("market"), "--steps", "40"] + quick
    #expect(try ProgramRun("vision-finetune", start + ["--output", straight]).exit == 0)
    let killed = try RunningProgram("vision-finetune", start + ["--output", cut])
    let hasBegun = killed.wait {
      FileManager.default.fileExists(atPath: cut + "/last/state.json")
    }
    #expect(hasBegun)
    _ = killed.end(with: SIGKILL)
    let resumed = try finetune("--resume", cut, "--json")
    #expect(resumed.exit == 0, "\(resumed.errors)")
    #expect(try #require(resumed.object)["steps"] as? Int == 40)
    for name in [
      "last/model.safetensors", "last/head.safetensors", "last/optimizer.safetensors",
      "best/model.safetensors", "best/head.safetensors", "metrics.csv",
    ] {
      func data(_ run: String) throws -> Data {
        try Data(contentsOf: URL(fileURLWithPath: "\(run)/\(name)"))
      }
      #expect(try data(straight) == data(cut), "\(name)")
    }
    let stopped = people.path("stopped")
    let running = try RunningProgram("vision-finetune", start + ["--output", stopped])
    let isTraining = running.wait {
      FileManager.default.fileExists(atPath: stopped + "/last/state.json")
    }
    // A machine may be so fast that the run is over before the signal comes.
    let end = running.end(with: SIGINT)
    #expect(isTraining && !end.bySignal && [0, 75].contains(end.code))
  }

  @Test func `a dry run tells and writes nothing`() throws {
    let people = try people()
    defer { people.remove() }
    try people.writeDamaged("market/bounding_box_train/0013_c2s1_000001_00.png")
    let run = try ProgramRun(
      "vision-finetune",
      [
        "--task", "reid", "--data", people.path("market"), "--output", people.path("run"),
        "--dry-run", "--json",
      ] + quick)
    #expect(run.exit == 0, "\(run.errors)")
    let result = try #require(run.object)
    #expect(result["persons"] as? Int == 2 && result["heldOutPersons"] as? Int == 2)
    #expect(result["cameras"] as? Int ?? 0 >= 2 && result["skipped"] as? Int == 1)
    #expect(run.errors.contains("0013_c2s1_000001_00.png"))
    let splits = (result["data"] as? [String: Any])?["splits"] as? [String: [String: Any]]
    #expect(splits?["train"]?["cameras"] as? Int == 3 && splits?["query"] != nil)
    let minutes = try #require(result["estimatedMinutes"] as? Double)
    let validation = try #require(result["validationMinutes"] as? Double)
    #expect(validation > 0 && minutes > validation && result["measuringMinutes"] as? Double == 0)
    #expect(result["estimatedMemoryMiB"] as? Double ?? 0 > 1)
    #expect(!FileManager.default.fileExists(atPath: people.path("run")))
  }

  @Test func `adapters and sites are listed`() throws {
    let adapters = try finetune("--list-adapters", "--json")
    let methods = try #require(adapters.object?["adapters"] as? [[String: Any]])
    let names = methods.compactMap { $0["name"] as? String }
    for name in [
      "lora", "dora", "pissa", "vera", "loha", "lokr", "adalora", "bitfit", "colora", "petalface",
      "wara",
    ] { #expect(names.contains(name)) }
    #expect(adapters.errors.contains("targetRank=8"))
    let sites = try finetune(
      "--list-sites", "--from", "random:vit_tiny_patch16_224", "--adapter", "lora", "--rank", "4",
      "--sites", "attn.qkv[q,v],blocks.0.mlp.fc1", "--json")
    #expect(sites.exit == 0, "\(sites.errors)")
    let list = try #require(sites.object?["sites"] as? [[String: Any]])
    #expect(list.count == 25 && list[0]["path"] as? String == "blocks.0.attn.qkv[q]")
    #expect(list[0]["shape"] as? [Int] == [192, 192] && list[0]["trained"] as? Int == 4 * 384)
    #expect(sites.object?["trained"] as? Int == 24 * 4 * 384 + 4 * (192 + 768))
    #expect(sites.errors.contains("lora trains "))
    let restoration = try finetune("--list-sites", "--from", "random:nafnet_small", "--json")
    #expect(restoration.exit == 0 && restoration.errors.contains("groups"), "\(restoration.errors)")
    let wrong = try finetune(
      "--list-sites", "--from", "random:vit_tiny_patch16_224", "--sites", "atn.qkv")
    #expect(wrong.exit == 64 && wrong.errors.contains("did you mean \"attn.qkv\""))
    #expect(try finetune("--list-sites").exit == 64)
  }

  @Test func `an adapter that divides a budget is measured, kept, and resumed`() throws {
    let people = try people()
    defer { people.remove() }
    let run = people.path("run")
    let trained = try ProgramRun(
      "vision-finetune",
      [
        "--task", "reid", "--data", people.path("market"), "--steps", "4", "--output", run,
        "--adapter", "colora", "--sites", "conv2,downsample.0", "--set", "adapter.budget=0.2",
        "--set", "adapter.probeSteps=2",
        "--set", "adapter.points=2", "--set", "adapter.samples=1", "--json",
        "--set", "tuning.oldPictures=" + people.path("market"),
      ] + quick)
    #expect(trained.exit == 0, "\(trained.errors)")
    let forgetting = try #require(trained.object?["oldPictures"] as? [String: Any])
    let cosine = forgetting["meanCosine"] as? Double ?? 0
    #expect(cosine > 0 && cosine < 1, "\(cosine)")
    #expect((forgetting["pictures"] as? Int ?? 0) > 0)
    #expect(trained.errors.contains("Forgetting: features of"))
    let report = try String(contentsOfFile: run + "/report.html", encoding: .utf8)
    #expect(report.contains("What the adapter did to the weights"))
    #expect(trained.object?["intruderDimensions"] as? Int != nil)
    #expect(trained.errors.contains("Contributions by faig: 2 steps"))
    #expect(trained.errors.contains("Intruder dimensions:"))
    let table = try String(contentsOfFile: run + "/contributions.csv", encoding: .utf8)
    #expect(table.split(separator: "\n").count > 5)
    #expect(FileManager.default.fileExists(atPath: run + "/adapter-plan.json"))
    let again = try finetune("--resume", run, "--json", "--threads", "1")
    #expect(again.exit == 0 && !again.errors.contains("Contributions by"), "\(again.errors)")
    let folder = people.path("peft")
    // The adapter belongs to the start, not to the merged weights of the run.
    let other = try ProgramRun(
      "vision-export",
      [run, "--adapter", run + "/best/adapter", "--format", "peft", "--output", folder])
    #expect(other.exit == 65 && other.errors.contains("other weights"), "\(other.errors)")
    let written = try ProgramRun(
      "vision-export",
      [
        "random:convnet_small@32x16", "--adapter", run + "/best/adapter", "--format", "peft",
        "--output", folder, "--json",
      ])
    #expect(written.exit == 0, "\(written.errors)")
    #expect((written.object?["largestDifference"] as? Double ?? 1) < 1e-4)
    let names = try FileManager.default.contentsOfDirectory(atPath: folder)
    #expect(
      Set(names) == ["adapter_config.json", "adapter_model.safetensors", "swift_vision.json"])
    let merged = try ProgramRun(
      "vision-export",
      [
        "random:convnet_small@32x16", "--adapter", run + "/best/adapter", "--merge", "--soften",
        "0.5", "--format", "safetensors", "--output", people.path("merged"), "--json",
      ])
    #expect(merged.exit == 0, "\(merged.errors)")
    #expect((merged.object?["mergedDifference"] as? Double ?? 1) < 1e-4)
    #expect(merged.object?["intruderDimensions"] as? Int != nil)
    #expect(merged.object?["softened"] as? [String] != nil && merged.errors.contains("softened "))
    let headless = try ProgramRun(
      "vision-export",
      [run, "--format", "safetensors", "--output", people.path("headless"), "--dry-run"])
    #expect(headless.exit == 0 && headless.errors.contains("the ReID head"), "\(headless.errors)")
    let alone = try ProgramRun(
      "vision-export",
      [
        "random:convnet_small", "--allow-partial", "--format", "safetensors", "--output",
        people.path("alone"),
      ])
    #expect(alone.exit == 64 && alone.errors.contains("belongs to --adapter"))
  }

  @Test func `a finished run goes on to a new length`() throws {
    let people = try people()
    defer { people.remove() }
    let run = people.path("run")
    let first = try train(people, steps: 4, to: run)
    #expect(first.object?["steps"] as? Int == 4, "\(first.errors)")
    let longer = try finetune("--resume", run, "--steps", "6", "--json", "--threads", "1")
    #expect(longer.exit == 0 && longer.object?["steps"] as? Int == 6, "\(longer.errors)")
    #expect(longer.errors.contains("Continuing at step 4 of 6"))
    #expect(try String(contentsOfFile: run + "/recipe.yaml", encoding: .utf8).contains("steps: 6"))
    let again = try finetune("--resume", run, "--json", "--threads", "1")
    #expect(again.exit == 0 && again.object?["steps"] as? Int == 6, "\(again.errors)")
    let shorter = try finetune("--resume", run, "--steps", "5", "--json", "--threads", "1")
    #expect(
      shorter.exit == 64
        && (shorter.object?["error"] as? String)?.contains("at least 6 steps") == true,
      "\(shorter.errors)")
  }

  @Test func `what is wrong is said in one sentence`() throws {
    let people = try people()
    defer { people.remove() }
    let market = people.path("market")
    for (arguments, exit, words) in [
      (["--task", "reid"], 64, "--data DIR"),
      (["--task", "walk", "--data", market], 64, "walk"),
      (["--task", "reid", "--data", people.path("nowhere")], 66, "does not exist"),
      (["--task", "reid", "--data", market, "--from", "random:resnet_9"], 64, "resnet_9"),
      (["--task", "reid", "--data", market, "--from", people.path("gone")], 66, "gone"),
      (
        ["--task", "reid", "--data", market, "--set", "reid.imagePerPerson=3"], 64,
        "imagesPerPerson"
      ),
      (["--resume", people.path("nothing")], 66, "no run to resume"),
      (["--task", "reid", "--data", market, "--rank", "4"], 64, "adapter.rank"),
      (
        ["--task", "reid", "--data", market, "--adapter", "lora", "--set", "adapter.alhpa=4"], 64,
        "did you mean \"alpha\""
      ),
      (
        ["--task", "reid", "--data", market, "--adapter", "lora", "--set", "adapter.levels=2"], 64,
        "belongs to wara"
      ),
      (
        ["--task", "reid", "--data", market, "--adapter", "wara", "--set", "adapter.levels=0"], 64,
        "a whole number from 1 to 16"
      ),
    ] {
      let run = try ProgramRun("vision-finetune", arguments + ["--json"])
      #expect(run.exit == Int32(exit), "\(arguments): \(run.exit) \(run.errors)")
      let error = try #require(run.object?["error"] as? String)
      #expect(error.contains(words), "\(error)")
    }
  }
}
