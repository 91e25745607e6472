import Foundation
import Testing

/// Runs that are interrupted and continued end like runs that were not, to the last bit.
@Suite(.serialized) struct PretrainResumeTests {
  /// What must be the same bytes however often a run was stopped.
  private static let lasting = [
    "best/model.safetensors", "best/heads.safetensors", "best/config.json",
    "last/model.safetensors", "last/optimizer.safetensors", "last/average.safetensors",
    "crops/crops-000000.tar", "crops/manifest.csv", "crops/store.json", "metrics.csv",
    "metrics.jsonl", "pairs.csv", "skipped.txt", "pictures/pairs.png",
    "pictures/reconstructions.png", "pictures/neighbours.png", "pictures/losses.svg",
  ]

  /// What a run keeps beside that where pairs are matched by averaged weights, with a queue of negatives.
  private static let lastingOfTeacher = ["last/teacher.safetensors", "last/queue.safetensors"]

  private static let stageSteps = 12

  /// Both objectives one after the other, a checkpoint every other step, and training that begins
  /// while footage is read.
  private static func arguments(
    _ footage: PretrainFootage, _ run: String, threads: Int = 1, withTeacher: Bool = false
  ) -> [String] {
    [footage.path("videos"), "--output", footage.path(run), "--steps", "\(stageSteps)"]
      + ["--recipe", footage.path("quick.yaml"), "--threads", "\(threads)"]
      + [
        "optimizer.checkpointEverySteps=2", "optimizer.exponentialMovingAverage=0.9",
        "schedule.headFrames=6", "schedule.framesPerStep=3", "schedule.overlap=0.8",
      ].flatMap { ["--set", $0] }
      + (withTeacher
        ? ["--match-teacher", "0.9", "--negative-queue", "20", "--set", "isr.walkSeconds=0"] : [])
  }

  /// Two videos, and a run over them that nothing stopped.
  private func withReference(
    threads: Int = 1, withTeacher: Bool = false,
    _ body: (PretrainFootage, _ expected: [String: Data]) throws -> Void
  ) throws {
    let footage = try PretrainFootage()
    defer { footage.remove() }
    try footage.writeLabelledWalk("videos/first.mp4", frames: 25)
    try footage.writeLabelledWalk("videos/second.mp4", frames: 20)
    let run = try ProgramRun(
      "vision-pretrain",
      Self.arguments(footage, "reference", threads: threads, withTeacher: withTeacher))
    #expect(run.exit == 0, "\(run.errors)")
    try body(footage, Self.content(of: "reference", in: footage))
  }

  private static func content(
    of run: String, in footage: PretrainFootage
  ) throws -> [String: Data] {
    var content: [String: Data] = [:]
    for name in lasting { content[name] = try footage.data("\(run)/\(name)") }
    for name in lastingOfTeacher where footage.exists("\(run)/\(name)") {
      content[name] = try footage.data("\(run)/\(name)")
    }
    return content
  }

  private func expectSame(
    _ run: String, _ expected: [String: Data], _ footage: PretrainFootage, note: String = ""
  ) throws {
    let content = try Self.content(of: run, in: footage)
    #expect(content.keys.sorted() == expected.keys.sorted(), "\(note)")
    for (name, data) in content.sorted(by: { $0.key < $1.key }) {
      #expect(data == expected[name], "\(name) differs \(note)")
    }
    let leftOver = try footage.files(below: run).filter {
      $0.hasPrefix("last.") || $0.contains(".partial") || $0.contains("/.") || $0.hasPrefix(".")
    }
    #expect(leftOver.isEmpty, "\(leftOver) \(note)")
  }

  @Test(arguments: [(1, false), (2, true)])
  func `ten kills at random moments change nothing`(threads: Int, withTeacher: Bool) throws {
    try withReference(threads: threads, withTeacher: withTeacher) { footage, expected in
      #expect(Self.lastingOfTeacher.allSatisfy { expected.keys.contains($0) } == withTeacher)
      // Other moments in every run of the tests; the seed is said when one fails.
      let seed = UInt64(Date().timeIntervalSince1970 * 1000)
      var random = SeededGenerator(state: seed)
      func exists(_ name: String) -> Bool { footage.exists("run/" + name) }
      func step() -> Int {
        guard let text = try? footage.text("run/metrics.csv") else { return -1 }
        return text.split(separator: "\n").count - 2
      }
      // Moments by the traces they leave, with a random wait behind each, in milliseconds.
      let moments: [(name: String, wait: Int, hasCome: () -> Bool)] = [
        ("extraction", 30, { exists("crops/manifest.csv") }),
        ("extraction again", 60, { exists("crops/crops-000000.tar") }),
        ("first steps", 40, { step() >= 0 }),
        ("training", 80, { step() >= 3 }),
        ("new checkpoint begun", 0, { exists("last.new") }),
        ("checkpoint written", 4, { exists("last.new/model.safetensors") }),
        ("checkpoint exchanged", 0, { exists("last.old") || exists("last.new/state.json") }),
        ("second stage", 120, { step() >= Self.stageSteps + 1 }),
        ("model written", 3, { step() >= 2 * Self.stageSteps - 1 && exists("best") }),
        ("report", 60, { exists("pictures") }),
      ]
      var arguments = Self.arguments(
        footage, "run", threads: threads, withTeacher: withTeacher)
      for (name, wait, hasCome) in moments {
        let program = try RunningProgram("vision-pretrain", arguments)
        #expect(program.wait(until: hasCome), "\(name), seed \(seed): the run ended before")
        if wait > 0 { usleep(.random(in: 0..<UInt32(wait * 1000), using: &random)) }
        let end = program.end(with: SIGKILL)
        #expect(end.bySignal, "\(name), seed \(seed): the run ended before, with \(end.code)")
        arguments = ["--resume", footage.path("run"), "--threads", "\(threads)"]
      }
      let last = try ProgramRun("vision-pretrain", arguments + ["--json"])
      #expect(last.exit == 0, "seed \(seed): \(last.errors)")
      #expect(last.object?["steps"] as? Int == 2 * Self.stageSteps, "seed \(seed)")
      try expectSame("run", expected, footage, note: "seed \(seed)")
    }
  }

  @Test func `an interrupted run says how to go on`() throws {
    try withReference { footage, expected in
      let run = "run of 'x'"
      let errors = footage.root.appendingPathComponent("errors.txt")
      let program = try RunningProgram(
        "vision-pretrain", Self.arguments(footage, run), errors: errors)
      #expect(
        program.wait {
          let text = try? footage.text("\(run)/metrics.csv")
          return (text?.split(separator: "\n").count ?? 0) > Self.stageSteps + 2
        })
      let end = program.end(with: SIGINT)
      #expect(!end.bySignal && end.code == 75)
      let text = try footage.text("errors.txt")
      let sentence = "Interrupted; the run is saved. Continue with: "
      let start = try #require(text.range(of: sentence), "\(text)")
      // What is printed is what a shell takes.
      let command = text[start.upperBound...].trimmingCharacters(in: .newlines)
      let shell = try ProgramRun(
        URL(fileURLWithPath: "/bin/sh"), ["-c", command],
        environment: ["PATH": ProgramRun.folder.path])
      #expect(shell.exit == 0, "\(shell.errors)")
      #expect(shell.errors.contains("Continuing at step"), "\(shell.errors)")
      try expectSame(run, expected, footage)
      // The report names the command that began the run, not the one that ended it.
      #expect(try footage.text("\(run)/report.html").contains("checkpointEverySteps=2"))
    }
  }

  @Test func `the seed decides, and a finished run stays as it is`() throws {
    try withReference { footage, expected in
      let again = try ProgramRun("vision-pretrain", Self.arguments(footage, "again"))
      #expect(again.exit == 0, "\(again.errors)")
      try expectSame("again", expected, footage)
      let report = try footage.data("reference/report.html")
      let files = try footage.files(below: "reference")
      let resumed = try ProgramRun(
        "vision-pretrain", ["--resume", footage.path("reference"), "--json"])
      #expect(resumed.exit == 0, "\(resumed.errors)")
      #expect(resumed.object?["steps"] as? Int == 2 * Self.stageSteps)
      #expect((resumed.object?["images"] as? Int ?? 0) > 0)
      try expectSame("reference", expected, footage)
      #expect(try footage.data("reference/report.html") == report)
      #expect(try footage.files(below: "reference") == files)
      let other = try ProgramRun(
        "vision-pretrain", Self.arguments(footage, "other") + ["--seed", "1"])
      #expect(other.exit == 0, "\(other.errors)")
      #expect(
        try footage.data("other/best/model.safetensors") != expected["best/model.safetensors"])
    }
  }

  @Test func `training beside the reading gives what training after it gives`() throws {
    try withReference { footage, expected in
      // The crops are all there, so that nothing is read beside the training.
      let files = FileManager.default
      try files.createDirectory(atPath: footage.path("after"), withIntermediateDirectories: true)
      for name in ["crops", "recipe.yaml", "inputs.json", "command.txt"] {
        try files.copyItem(
          atPath: footage.path("reference/" + name), toPath: footage.path("after/" + name))
      }
      let run = try ProgramRun(
        "vision-pretrain", ["--resume", footage.path("after"), "--threads", "1", "--json"])
      #expect(run.exit == 0, "\(run.errors)")
      #expect(run.object?["waitedSeconds"] as? Double ?? 1 < 0.1)
      #expect(run.errors.contains("Training waited") && run.errors.contains("(from the cache)"))
      try expectSame("after", expected, footage)
    }
  }

  @Test func `a run with all its crops needs no footage`() throws {
    let footage = try PretrainFootage()
    defer { footage.remove() }
    try footage.write(.walk, to: "videos/walk.mp4", frames: 12)
    try footage.writeBoxes(to: "boxes/walk.txt", frames: 12)
    let first = try ProgramRun(
      "vision-pretrain",
      Self.arguments(footage, "run") + ["--detections", footage.path("boxes"), "--json"])
    #expect(first.exit == 0, "\(first.errors)")
    let resume = ["--resume", footage.path("run"), "--threads", "1", "--json"]
    // What comes to the folder later is not part of the run.
    try footage.write(.walk, to: "videos/late.mp4", frames: 12)
    try footage.write(text: "", to: "run/pictures/.writing-1-2-3")
    let later = try ProgramRun("vision-pretrain", resume)
    #expect(later.exit == 0 && later.object?["videos"] as? Int == 1, "\(later.errors)")
    #expect(!footage.exists("run/pictures/.writing-1-2-3"))
    for folder in ["videos", "boxes"] {
      try FileManager.default.removeItem(atPath: footage.path(folder))
    }
    let alone = try ProgramRun("vision-pretrain", resume)
    #expect(alone.exit == 0, "\(alone.errors)")
    #expect(alone.object?["crops"] as? Int == first.object?["crops"] as? Int)
    // Time and memory are those of all parts.
    let state = try JSONSerialization.jsonObject(with: footage.data("run/last/state.json"))
    let figures = try #require(state as? [String: Any])
    let elapsed = try #require(figures["elapsed"] as? Double)
    let trained = try #require(figures["seconds"] as? Double)
    #expect(elapsed > trained)
    #expect((alone.object?["seconds"] as? Double ?? 0) > elapsed)
    let peak = try #require(figures["peakResidentBytes"] as? Int)
    #expect((alone.object?["peakMemoryMiB"] as? Double ?? 0) >= Double(peak) / 1_048_576)
  }

  @Test func `a finished run can be made longer`() throws {
    let footage = try PretrainFootage()
    defer { footage.remove() }
    try footage.writeLabelledWalk("videos/walk.mp4", frames: 12)
    let first = try ProgramRun("vision-pretrain", Self.arguments(footage, "run"))
    #expect(first.exit == 0, "\(first.errors)")
    try FileManager.default.removeItem(atPath: footage.path("videos"))
    let before = try footage.data("run/best/model.safetensors")
    let resume = ["--resume", footage.path("run"), "--threads", "1", "--json"]
    let short = try ProgramRun("vision-pretrain", resume + ["--steps", "11"])
    #expect(short.exit == 64, "\(short.errors)")
    let error = short.object?["error"] as? String ?? ""
    #expect(
      error.contains("has done 12 steps of its stage isr") && !error.contains("\n"), "\(error)")
    let dry = try ProgramRun("vision-pretrain", resume + ["--steps", "15", "--dry-run"])
    #expect(dry.exit == 0, "\(dry.errors)")
    #expect(dry.object?["steps"] as? Int == 27 && dry.object?["stepsDone"] as? Int == 24)
    #expect(dry.object?["trainingSeconds"] as? Double ?? 0 > 0)
    #expect(try footage.data("run/best/model.safetensors") == before)
    #expect(try footage.text("run/recipe.yaml").contains("steps: 15") == false)
    let longer = try ProgramRun("vision-pretrain", resume + ["--steps", "15"])
    #expect(longer.exit == 0, "\(longer.errors)")
    #expect(longer.object?["steps"] as? Int == 27)
    #expect(try footage.data("run/best/model.safetensors") != before)
    let lines = try footage.text("run/metrics.csv").split(separator: "\n")
    #expect(lines.count == 28 && lines.last?.hasPrefix("26,") == true)
    // The run has its new length for good.
    let again = try ProgramRun("vision-pretrain", resume)
    #expect(again.object?["steps"] as? Int == 27, "\(again.errors)")
  }

  @Test func `an edited recipe is checked before the run goes on`() throws {
    let footage = try PretrainFootage()
    defer { footage.remove() }
    try footage.write(
      text: "base: tiny\nisr: {gapMinimum: 2, gapMaximumStart: 1}\n", to: "run/recipe.yaml")
    try footage.write(text: #"{"videos": ["none.mp4"]}"#, to: "run/inputs.json")
    let run = try ProgramRun("vision-pretrain", ["--resume", footage.path("run")])
    #expect(run.exit == 64 && run.errors.contains("isr.gapMinimum"), "\(run.errors)")
  }

  @Test func `interrupted while it cuts crops, it keeps finished videos`() throws {
    let footage = try PretrainFootage()
    defer { footage.remove() }
    try footage.writeLabelledWalk("videos/first.mp4", frames: 5)
    try footage.writeLabelledWalk("videos/second.mp4", frames: 120)
    let program = try RunningProgram("vision-pretrain", Self.arguments(footage, "run"))
    #expect(
      program.wait {
        (try? footage.text("run/crops/store.json"))?.contains("first.mp4") == true
      })
    #expect(program.end(with: SIGTERM) == (false, 75))
    let resumed = try ProgramRun(
      "vision-pretrain", ["--resume", footage.path("run"), "--threads", "1"])
    #expect(resumed.exit == 0, "\(resumed.errors)")
    #expect(resumed.errors.contains("first.mp4: 5 frames, "), "\(resumed.errors)")
    #expect(resumed.errors.contains("(from the cache)"))
  }
}

/// The generator SplitMix64 of Steele, Lea, and Flood: a seed gives the same moments again.
private struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }
}
