import Foundation
import Testing

/// `vision-pretrain` as people and scripts meet it.
@Suite struct PretrainTests {
  /// The keys that scripts rely on, besides the losses.
  private static let counts = ["videos", "skipped", "frames", "crops", "pairs", "steps", "images"]

  private func withFootage(_ body: (PretrainFootage) throws -> Void) throws {
    let footage = try PretrainFootage()
    defer { footage.remove() }
    try body(footage)
  }

  @Test func `one command leaves a model, a report and the pairs`() throws {
    try withFootage { footage in
      try footage.writeLabelledWalk("videos/walk.mp4")
      let run = try ProgramRun(
        "vision-pretrain",
        [footage.path("videos"), "--output", footage.path("runs/first"), "--json"] + footage.quick)
      #expect(run.exit == 0, "\(run.errors)")
      let result = try #require(run.object)
      for key in Self.counts { #expect(result[key] is Int, "\(key)") }
      for key in ["imagesPerSecond", "peakMemoryMiB", "seconds", "loss.simmim", "loss.isr"] {
        let value = try #require(result[key] as? Double, "\(key)")
        #expect(value > 0 && value.isFinite, "\(key)")
      }
      #expect(result["run"] as? String == footage.path("runs/first"))
      #expect((result["alarms"] as? [String])?.isEmpty == true)
      #expect(result["videos"] as? Int == 1 && result["skipped"] as? Int == 0)
      #expect(result["frames"] as? Int == 30 && result["steps"] as? Int == 8)
      let losses = result["loss"] as? [String: Double]
      #expect(losses?["simmim"] == result["loss.simmim"] as? Double)
      #expect(losses?["isr"] == result["loss.isr"] as? Double)
      // Both scenes are said before the work: what was found, the network, where it goes.
      for words in [
        "Found 1 video", "walk.mp4: 30 frames, 90 boxes", "0 cuts", "parameters",
        "Loss of masked patches", "Pairs by video: walk.mp4",
        "in a sample of at most 400 frame pairs",
        "Done in",
      ] {
        #expect(run.errors.contains(words), "\(words)")
      }
      let masked = try #require(result["masked"] as? [String: Any])
      #expect((masked["network"] as? Double ?? 0) > 0 && (masked["meanColour"] as? Double ?? 0) > 0)
      #expect(masked["crops"] is Int && masked["heldOut"] == nil)
      let file = try #require((result["files"] as? [[String: Any]])?.first)
      #expect(file["name"] as? String == "walk.mp4" && file["boxes"] as? Int == 90)
      #expect(file["cuts"] as? Int == 0 && (file["pairs"] as? Int ?? 0) > 0)
      try checkRunFolder(footage, "runs/first", pairs: result["pairs"] as? Int ?? 0)
    }
  }

  @Test func `ways of mining are flags, and the end is estimated`() throws {
    try withFootage { footage in
      for number in 1...3 { try footage.writeLabelledWalk("videos/walk \(number).mp4", frames: 12) }
      let run = try ProgramRun(
        "vision-pretrain",
        [
          footage.path("videos"), "--output", footage.path("run"), "--json", "--reliability",
          "none",
          "--matcher", "argmax", "--match-view", "train", "--match-teacher", "0.9",
          "--negative-queue", "32", "--set", "simmim.holdOut=always",
          "--set", "simmim.target=window47", "--set", "report.pictures=false", "--steps", "8",
        ] + footage.quick)
      #expect(run.exit == 0, "\(run.errors)")
      let recipe = try footage.text("run/recipe.yaml")
      for line in [
        "reliability: none", "matcher: argmax", "matchView: train", "matchTeacher: 0.9",
        "negativeQueue: 32",
      ] {
        #expect(recipe.contains(line), "\(line)")
      }
      #expect(run.errors.contains("Estimated end of this stage: "), "\(run.errors)")
      #expect(run.errors.contains("Estimated end of the training: "))
      let files = try #require(run.object?["files"] as? [[String: Any]])
      let pairs = files.compactMap { $0["pairs"] as? Int }
      #expect(pairs.count == 3 && pairs.reduce(0, +) == run.object?["pairs"] as? Int, "\(pairs)")
      let masked = try #require(run.object?["masked"] as? [String: Any])
      #expect((masked["heldOut"] as? String)?.hasPrefix("walk ") == true)
      #expect(run.errors.contains("which was held out; filling with the mean colour"))
      let wrong = try ProgramRun(
        "vision-pretrain", [footage.path("videos"), "--matcher", "hungarien"] + footage.quick)
      #expect(wrong.exit == 64 && wrong.errors.contains("\"hungarian\""), "\(wrong.errors)")
    }
  }

  private func checkRunFolder(_ footage: PretrainFootage, _ run: String, pairs: Int) throws {
    let files = try footage.files(below: run)
    for name in [
      "recipe.yaml", "command.txt", "log.txt", "metrics.csv", "pairs.csv", "skipped.txt",
      "report.html", "last/model.safetensors", "last/optimizer.safetensors", "last/state.json",
      "best/model.safetensors", "best/config.json", "best/README.md", "pictures/pairs.png",
      "pictures/reconstructions.png", "pictures/neighbours.png", "pictures/losses.svg",
    ] {
      #expect(files.contains(name), "\(name) is missing")
    }
    #expect(files.contains { $0.hasPrefix("events.out.tfevents.") })
    #expect(files.contains { $0.hasPrefix("crops/") && $0.hasSuffix(".tar") })
    let recipe = try footage.text(run + "/recipe.yaml")
    #expect(recipe.contains("pairsPerBatch: 2") && recipe.contains("maskUnit: 16"))
    let command = try footage.text(run + "/command.txt")
    #expect(command.hasPrefix("vision-pretrain ") && command.contains("seed: 0"))
    #expect(command.contains("threads: 1") && command.contains("version: "))
    #expect(try footage.text(run + "/skipped.txt").isEmpty)
    let metrics = try footage.text(run + "/metrics.csv").split(separator: "\n")
    #expect(metrics.count == 9 && metrics[0].hasPrefix("step,loss.simmim,loss.isr"))
    let rows = try footage.text(run + "/pairs.csv").split(separator: "\n")
    #expect(rows.count > 10 && rows.dropFirst().allSatisfy { $0.hasPrefix("walk.mp4,") })
    #expect(pairs > 0)
    let report = try footage.text(run + "/report.html")
    #expect(report.contains("Mined pairs") && report.contains("Masked patches"))
    #expect(report.contains("Nearest neighbours") && report.contains("data:image/"))
    #expect(!report.contains("src=\"http") && !report.contains("href=\"http"))
  }

  @Test func `several videos are one run`() throws {
    try withFootage { footage in
      try footage.writeLabelledWalk("entrance.mp4", frames: 12)
      try footage.writeLabelledWalk("station/hall ä.mp4", frames: 10)
      let run = try ProgramRun(
        "vision-pretrain",
        [
          footage.path("entrance.mp4"), footage.path("station"), "--output", footage.path("run"),
          "--steps", "2", "--json",
        ] + footage.quick)
      #expect(run.exit == 0, "\(run.errors)")
      #expect(run.object?["videos"] as? Int == 2 && run.object?["frames"] as? Int == 22)
      let manifest = try footage.text("run/crops/manifest.csv")
      #expect(manifest.contains(",entrance.mp4,") && manifest.contains(",hall ä.mp4,"))
    }
  }

  @Test func `each objective trains alone`() throws {
    try withFootage { footage in
      try footage.writeLabelledWalk()
      let pairs = try ProgramRun(
        "vision-pretrain",
        [
          footage.path("walk.mp4"), "--output", footage.path("isr"), "--objective", "isr",
          "--steps", "2", "--json",
        ] + footage.quick)
      #expect(pairs.exit == 0, "\(pairs.errors)")
      #expect(pairs.object?["loss.simmim"] is NSNull && pairs.object?["loss.isr"] is Double)
      #expect(pairs.object?["steps"] as? Int == 2)
      let masked = try ProgramRun(
        "vision-pretrain",
        [
          footage.path("walk.mp4"), "--output", footage.path("simmim"), "--objective", "simmim",
          "--epochs", "1", "--set", "simmim.batch=40", "--json",
        ] + footage.quick)
      #expect(masked.exit == 0, "\(masked.errors)")
      #expect(masked.object?["loss.isr"] is NSNull && masked.object?["pairs"] as? Int == 0)
      let crops = try #require(masked.object?["crops"] as? Int)
      #expect(masked.object?["steps"] as? Int == (crops + 39) / 40)
      #expect(!footage.exists("simmim/pairs.csv"))
      #expect(!footage.exists("simmim/pictures/pairs.png"))
    }
  }

  @Test func `both losses in every step`() throws {
    try withFootage { footage in
      try footage.writeLabelledWalk()
      let run = try ProgramRun(
        "vision-pretrain",
        [
          footage.path("walk.mp4"), "--output", footage.path("run"), "--set",
          "schedule.order=joint", "--set", "report.pictures=false", "--set",
          "optimizer.exponentialMovingAverage=0.9", "--set", "optimizer.gradientAccumulation=2",
          "--steps", "2", "--json",
        ] + footage.quick)
      #expect(run.exit == 0, "\(run.errors)")
      #expect(run.object?["steps"] as? Int == 2)
      #expect(run.object?["loss.simmim"] is Double && run.object?["loss.isr"] is Double)
      #expect(footage.exists("run/last/average.safetensors"))
      #expect(footage.exists("run/report.html") && !footage.exists("run/pictures/pairs.png"))
      #expect(
        try footage.data("run/best/model.safetensors")
          != footage.data("run/last/model.safetensors"))
    }
  }

  @Test func `whole frames need no persons`() throws {
    try withFootage { footage in
      try footage.write(.turning, to: "tour.mp4", frames: 12)
      let run = try ProgramRun(
        "vision-pretrain",
        [
          footage.path("tour.mp4"), "--output", footage.path("run"), "--whole-frame", "--steps",
          "2", "--json",
        ] + footage.quick)
      #expect(run.exit == 0, "\(run.errors)")
      #expect(run.object?["loss.isr"] is NSNull && run.object?["loss.simmim"] is Double)
      #expect((run.object?["crops"] as? Int ?? 0) >= 12)
    }
  }

  @Test func `boxes may lie elsewhere`() throws {
    try withFootage { footage in
      try footage.write(.walk, to: "walk.mp4")
      try footage.writeBoxes(to: "boxes/walk.txt")
      let common = ["--objective", "simmim", "--steps", "1", "--json"] + footage.quick
      for (output, boxes) in [("file", "boxes/walk.txt"), ("folder", "boxes")] {
        let run = try ProgramRun(
          "vision-pretrain",
          [
            footage.path("walk.mp4"), "--output", footage.path(output), "--detections",
            footage.path(boxes),
          ] + common)
        #expect(run.exit == 0, "\(run.errors)")
        #expect((run.object?["crops"] as? Int ?? 0) > 60)
      }
    }
  }

  @Test func `a dry run checks and writes nothing`() throws {
    try withFootage { footage in
      try footage.writeLabelledWalk("videos/walk.mp4", frames: 10)
      try footage.write(text: "This is no video.\n", to: "videos/notes.mp4")
      let before = try footage.files()
      let run = try ProgramRun(
        "vision-pretrain",
        [
          footage.path("videos"), "--output", footage.path("run"), "--backbone",
          "vit_tiny_patch16_224", "--dry-run", "--json",
        ] + footage.quick, directory: footage.root)
      #expect(run.exit == 0, "\(run.errors)")
      #expect(try footage.files() == before)
      let result = try #require(run.object)
      #expect(result["dryRun"] as? Bool == true && result["steps"] as? Int == 8)
      #expect(result["videos"] as? Int == 1 && result["skipped"] as? Int == 1)
      #expect(result["backbone"] as? String == "vit_tiny_patch16_224")
      #expect((result["parameters"] as? Int ?? 0) > 5_000_000)
      #expect(result["trainingSeconds"] as? Double ?? 0 > 0)
      #expect(result["peakMemoryMiB"] as? Double ?? 0 > 50)
      let costs = result["secondsPerStep"] as? [String: Double]
      #expect(costs?.keys.sorted() == ["isr", "simmim"])
      for words in [
        "walk.mp4", "notes.mp4", "is not a video", "nothing was written", "Memory: about",
        "A step takes: isr",
      ] {
        #expect(run.errors.contains(words), "\(words)")
      }
    }
  }

  @Test func `quiet says nothing, JSON says one object`() throws {
    try withFootage { footage in
      try footage.writeLabelledWalk()
      let base =
        [footage.path("walk.mp4"), "--objective", "simmim", "--steps", "1"] + footage.quick
      let silent = try ProgramRun(
        "vision-pretrain", base + ["--quiet", "--output", footage.path("silent")])
      #expect(silent.exit == 0 && silent.output.isEmpty && silent.errors.isEmpty)
      let plain = try ProgramRun(
        "vision-pretrain", base + ["--verbose", "--output", footage.path("plain")])
      #expect(plain.exit == 0 && plain.output.isEmpty && plain.errors.contains("report.html"))
      #expect(!plain.errors.contains("\u{1B}") && !plain.errors.contains("\r"))
      let object = try ProgramRun(
        "vision-pretrain", base + ["--quiet", "--json", "--output", footage.path("object")])
      #expect(object.errors.isEmpty && object.object != nil)
      #expect(object.output.split(separator: "\n").count == 1)
    }
  }

  @Test func `without an output the run folder is dated`() throws {
    try withFootage { footage in
      try footage.writeLabelledWalk()
      let run = try ProgramRun(
        "vision-pretrain",
        [
          "walk.mp4", "--recipe", "quick.yaml", "--objective", "simmim", "--steps", "1", "--seed",
          "7", "--json",
        ], environment: ["VISION_THREADS": "1"], directory: footage.root)
      #expect(run.exit == 0, "\(run.errors)")
      let name = try #require(run.object?["run"] as? String)
      #expect(name.contains("/runs/2") && name.hasSuffix("-pretrain"))
      let runs = try FileManager.default.contentsOfDirectory(atPath: footage.path("runs"))
      let command = try footage.text("runs/\(try #require(runs.first))/command.txt")
      #expect(command.contains("seed: 7") && command.contains("threads: 1"))
    }
  }

  @Test func `help shows every flag with its default`() throws {
    let help = try ProgramRun("vision-pretrain", ["--help"])
    #expect(help.exit == 0 && help.errors.isEmpty)
    #expect(flagsWithoutDefault(in: help.output) == [])
    let known = flags(in: help.output).keys
    for flag in ["output", "reliability", "match-view", "negative-queue", "set", "list-backbones"] {
      #expect(known.contains(flag), "--\(flag)")
    }
    #expect(help.output.contains("vision-pretrain videos/"))
    let list = try ProgramRun("vision-pretrain", ["--list-backbones", "--json"])
    let backbones = list.object?["backbones"] as? [[String: Any]]
    for (name, commands) in [
      ("convnet_small", ["pretrain", "finetune"]), ("nafnet_small", ["finetune"]),
    ] {
      let item = backbones?.first { $0["name"] as? String == name }
      #expect(item?["trainedBy"] as? [String] == commands, "\(name)")
    }
  }

  @Test func `crops may be left out of the backward pass, and the log says how many`() throws {
    let footage = try PretrainFootage()
    defer { footage.remove() }
    try footage.writeLabelledWalk()
    let run = try ProgramRun(
      "vision-pretrain",
      [
        footage.path("walk.mp4"), "--output", footage.path("run"), "--objective", "isr",
        "--backbone", "vit_tiny_patch16_224", "--steps", "2", "--quiet", "--json", "--set",
        "isr.selectiveBackward=0.5",
      ] + footage.quick)
    #expect(run.exit == 0, "\(run.errors)")
    let lines = try footage.text("run/metrics.csv").split(separator: "\n").map {
      $0.split(separator: ",", omittingEmptySubsequences: false)
    }
    let column = try #require(lines.first?.firstIndex(of: "backwardCrops"))
    let shares = lines.dropFirst().compactMap { Double($0[column]) }
    #expect(shares.count == 2 && shares.allSatisfy { $0 > 0 && $0 <= 1 })
  }
}
