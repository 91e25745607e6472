import Foundation
import Testing

/// What `vision-evaluate` says and returns when it cannot do what was asked.
@Suite struct EvaluateErrorTests {
  /// Checks the code, the one sentence, and the JSON object that every failure owes.
  private func expect(
    _ exit: Int32, _ words: String, _ arguments: [String],
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let run = try ProgramRun("vision-evaluate", arguments + ["--json"])
    #expect(run.exit == exit, "\(run.errors)", sourceLocation: sourceLocation)
    let error = run.object?["error"] as? String
    #expect(
      error?.contains(words) == true, "\(error ?? run.output)", sourceLocation: sourceLocation)
    #expect(isOneSentence(error ?? ""), "\(error ?? "")", sourceLocation: sourceLocation)
    #expect(run.object?.count == 1, sourceLocation: sourceLocation)
    #expect(
      run.errors.contains("vision-evaluate: "), "\(run.errors)", sourceLocation: sourceLocation)
  }

  @Test func `wrong usage is 64`() throws {
    let data = ["--data", "nowhere"]
    try expect(64, "Missing expected argument", [])
    try expect(64, "Say what to do", ["baseline:pixels"] + data)
    try expect(64, "Give the pictures", ["baseline:pixels", "--task", "reid"])
    try expect(64, "not “animals”", ["baseline:pixels", "--task", "animals"] + data)
    try expect(64, "belongs to faces", ["m", "--task", "reid", "--resolutions", "16"] + data)
    try expect(64, "--task restoration", ["m", "--task", "reid", "--tile", "32"] + data)
    try expect(64, "takes --data", ["m", "--task", "restoration", "--query", "q"] + data)
    try expect(64, "--flip", ["m", "--task", "face", "--flip"] + data)
    try expect(64, "cross-camera", ["m", "--task", "reid", "--protocol", "best"] + data)
    try expect(64, "need --rerank", ["m", "--task", "reid", "--rerank-k1", "9"] + data)
    try expect(64, "above 0", ["m", "--task", "reid", "--rerank", "--rerank-k1", "0"] + data)
    try expect(64, "given twice", ["m", "m", "--task", "reid"] + data)
    try expect(64, "one model", ["m", "n", "--task", "reid", "--features", "f"] + data)
    try expect(64, "belongs to scoring", ["m", "--rerank", "--features", "f"] + data)
    try expect(64, "--seed", ["m", "--task", "reid", "--seed", "-4"] + data)
    try expect(64, "Unknown option", ["m", "--task", "reid", "--tsk", "x"] + data)
    try expect(64, "isr", ["m", "--task", "reid", "--set", "isr.stepps=3"] + data)
    try expect(64, "rerankK1", ["m", "--task", "reid", "--set", "scoring.rerankk1=3"] + data)
    try expect(64, "scoring together", ["m", "--task", "face", "--set", "scoring.flip=yes"] + data)
  }

  @Test func `recipes and overrides of a training are passed over with a warning`() throws {
    let people = try PersonPictures()
    defer { people.remove() }
    try people.writeMarket()
    let score = [
      "baseline:pixels", "--task", "reid", "--data", people.path("market"), "--threads", "1",
      "--json",
    ]
    let plain = try ProgramRun("vision-evaluate", score)
    try "isr:\n  steps: 7\nmodel:\n  backbone: resnet50\nseed: 3\n".write(
      toFile: people.path("run.yaml"), atomically: true, encoding: .utf8)
    for (flags, words) in [
      (["--recipe", "tiny"], "--recipe tiny decides a training"),
      (["--recipe", people.path("run.yaml")], "passed over: isr, model"),
      (["--set", "isr.steps=3"], "passed over: isr.steps"),
      (["--set", "training.learningRate=1"], "passed over: training.learningRate"),
      (["--resume", "runs/first"], "--resume runs/first has no effect"),
    ] {
      let run = try ProgramRun("vision-evaluate", score + flags)
      #expect(run.exit == 0, "\(flags) \(run.errors)")
      #expect(run.errors.contains(words), "\(flags) \(run.errors)")
      #expect(run.object?["mAP"] as? Double == plain.object?["mAP"] as? Double)
    }
    #expect(!plain.errors.contains("no effect"))
  }

  @Test func `scoring is set by a recipe as by flags`() throws {
    let people = try PersonPictures()
    defer { people.remove() }
    try people.writeMarket()
    let score = [
      "baseline:pixels", "--task", "reid", "--data", people.path("market"), "--threads", "1",
      "--json",
    ]
    func answer(_ flags: [String]) throws -> [String: Any] {
      let run = try ProgramRun("vision-evaluate", score + flags)
      #expect(run.exit == 0, "\(flags) \(run.errors)")
      return try #require(run.object)
    }
    try "scoring: {protocol: camera-centred, rerank: true, rerankK1: 3, rerankK2: 2}\n".write(
      toFile: people.path("scoring.yaml"), atomically: true, encoding: .utf8)
    let flags = try answer([
      "--protocol", "camera-centred", "--rerank", "--rerank-k1", "3", "--rerank-k2", "2",
    ])
    let recipe = try answer(["--recipe", people.path("scoring.yaml")])
    for key in ["mAP", "mINP"] { #expect(recipe[key] as? Double == flags[key] as? Double) }
    #expect(recipe["protocol"] as? String == flags["protocol"] as? String)
    // Flags are stronger.
    let stronger = try answer([
      "--recipe", people.path("scoring.yaml"), "--protocol", "cross-camera",
    ])
    #expect(stronger["protocol"] as? String != recipe["protocol"] as? String)
  }

  @Test func `missing input is 66`() throws {
    let people = try PersonPictures()
    defer { people.remove() }
    try people.writeMarket()
    let data = ["--data", people.path("market")]
    try expect(
      66, "does not exist", ["baseline:pixels", "--task", "reid", "--data", people.path("none")])
    try expect(66, "There is no model", [people.path("run"), "--task", "reid"] + data)
    try expect(
      66, "does not exist",
      ["baseline:pixels", "--data", people.path("none"), "--features", people.path("f")])
    try expect(64, "no backbone", ["random:giant", "--task", "reid"] + data)
    try expect(64, "no baseline", ["baseline:giant", "--task", "reid"] + data)
    try expect(
      64, "no embedding",
      ["random:convnet_small", "--feature", "embedding", "--task", "reid"] + data)
  }

  @Test func `bad data is 65`() throws {
    let people = try PersonPictures()
    defer { people.remove() }
    func score(_ folder: String) -> [String] {
      ["baseline:pixels", "--task", "reid", "--data", people.path(folder)]
    }
    try FileManager.default.createDirectory(
      atPath: people.path("empty"), withIntermediateDirectories: true)
    try expect(65, "holds no pictures", score("empty"))
    try people.write("loose/holiday.png", person: 1)
    try expect(65, "do not tell which person", score("loose"))
    try people.write("apart/query/0001_c1_1.png", person: 1)
    try people.write("apart/gallery/0002_c2_1.png", person: 2)
    try expect(65, "none of the query persons", score("apart"))
    try people.write("same/query/0001_c1_1.png", person: 1)
    try people.write("same/gallery/0001_c1_2.png", person: 1)
    try expect(65, "no-camera", score("same"))
    try people.writeDamaged("broken/query/0001_c1_1.jpg")
    try people.write("broken/gallery/0001_c2_2.png", person: 1)
    try expect(65, "of the query can be decoded", score("broken"))
    try people.writeMarket()
    try FileManager.default.createDirectory(
      atPath: people.path("model"), withIntermediateDirectories: true)
    try expect(
      65, "config.json",
      [people.path("model"), "--task", "reid", "--data", people.path("market")])
  }

  @Test func `a place that cannot be written is 74, before any work`() throws {
    let people = try PersonPictures()
    defer { people.remove() }
    try people.writeMarket()
    try people.write(text: "a file", to: "file")
    let score = ["baseline:pixels", "--task", "reid", "--data", people.path("market")]
    try expect(74, "cannot be written", score + ["--output", people.path("file/out")])
    try expect(74, "cannot be written", score + ["--features", people.path("no/out.safetensors")])
    try expect(74, "it is a folder", score + ["--features", people.path("market")])
    try expect(
      74, "cannot be written",
      [
        "baseline:pixels", "--data", people.path("market"), "--features",
        people.path("file/out.safetensors"),
      ])
  }
}

extension PersonPictures {
  /// A text file below the root.
  func write(text: String, to name: String) throws {
    try Data(text.utf8).write(to: root.appendingPathComponent(name))
  }
}
