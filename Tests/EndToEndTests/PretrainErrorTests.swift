import Foundation
import Testing

/// What `vision-pretrain` says and returns when it cannot do what was asked.
@Suite struct PretrainErrorTests {
  /// Checks the code, the one sentence, and the JSON object that every failure owes.
  private func expect(
    _ exit: Int32, _ words: String, _ arguments: [String], directory: URL? = nil,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let run = try ProgramRun("vision-pretrain", arguments + ["--json"], directory: directory)
    #expect(run.exit == exit, "\(run.errors)", sourceLocation: sourceLocation)
    let error = run.object?["error"] as? String ?? ""
    #expect(error.contains(words), "\(error)", sourceLocation: sourceLocation)
    #expect(isOneSentence(error), "\(error)", sourceLocation: sourceLocation)
    #expect(run.object?.count == 1, sourceLocation: sourceLocation)
    #expect(
      run.errors.hasSuffix("vision-pretrain: \(error)\n"), "\(run.errors)",
      sourceLocation: sourceLocation)
  }

  private func withWalk(_ body: (PretrainFootage, [String]) throws -> Void) throws {
    let footage = try PretrainFootage()
    defer { footage.remove() }
    try footage.writeLabelledWalk(frames: 12)
    try body(footage, [footage.path("walk.mp4")])
  }

  @Test func `wrong usage is 64`() throws {
    try withWalk { footage, walk in
      let directory = footage.root
      try expect(64, "Name at least one video", [])
      try expect(64, "--outptu", walk + ["--outptu", "x"], directory: directory)
      try expect(64, "exclude each other", walk + ["--epochs", "1", "--steps", "1"])
      try expect(64, "exclude each other", walk + ["--quiet", "--verbose"])
      try expect(64, "at least 1", walk + ["--steps", "0"])
      try expect(64, "--seed", walk + ["--seed", "-1"])
      try expect(64, "--threads", walk + ["--threads", "0"])
      try expect(64, "simmim", walk + ["--objective", "contrast"])
      try expect(64, "convnet_small", walk + ["--backbone", "convnet_smal"])
      try expect(64, "no persons to pair", walk + ["--whole-frame", "--objective", "isr"])
      try expect(
        64, "whole frames hold none", walk + ["--whole-frame", "--set", "schedule.objective=both"])
      try expect(64, "leave --detections out", walk + ["--whole-frame", "--detections", "x"])
      try expect(64, "leave --output out", ["--resume", "x", "--output", "y"])
      try expect(64, "leave the videos out", walk + ["--resume", "x"])
      try expect(64, "leave --set out", ["--resume", "x", "--set", "isr.steps=3"])
      try expect(
        64, "simmim.maskUnit", walk + ["--objective", "simmim", "--set", "simmim.maskUnit=48"],
        directory: directory)
      #expect(try footage.files() == ["quick.yaml", "walk.mp4", "walk.txt"])
    }
  }

  @Test func `a wrong recipe names the nearest key`() throws {
    try withWalk { footage, walk in
      try expect(64, "isr.steps", walk + ["--set", "isr.stepps=3"])
      try expect(64, "isr.steps", walk + ["--set", "isr.steps=many"])
      try expect(64, "KEY=VALUE", walk + ["--set", "isr.steps"])
      try expect(66, "tiny", walk + ["--recipe", "tyni"])
      try expect(66, "none.yaml", walk + ["--recipe", footage.path("none.yaml")])
      try footage.write(text: "isr: {stepps: 3}\n", to: "key.yaml")
      try expect(64, "isr.steps", walk + ["--recipe", footage.path("key.yaml")])
      try footage.write(text: "isr: [\n", to: "broken.yaml")
      try expect(65, "broken.yaml", walk + ["--recipe", footage.path("broken.yaml")])
    }
  }

  @Test func `missing input is 66`() throws {
    try withWalk { footage, walk in
      try expect(66, "check the path", [footage.path("none.mp4")], directory: footage.root)
      try expect(66, "check the path", walk + [footage.path("none")], directory: footage.root)
      try expect(66, "no run to resume", ["--resume", footage.path("none")])
      try expect(66, "no run to resume", ["--resume", footage.root.path])
      try expect(
        66, "no such file", walk + ["--detections", footage.path("none.txt")],
        directory: footage.root)
      try expect(
        66, "no such file", walk + ["--detections", footage.path("none.txt"), "--dry-run"])
      #expect(try footage.files() == ["quick.yaml", "walk.mp4", "walk.txt"])
    }
  }

  @Test func `an unreadable path is 66`() throws {
    try withWalk { footage, walk in
      let files = FileManager.default
      let long = footage.path(String(repeating: "x", count: 300) + ".mp4")
      try files.createSymbolicLink(
        atPath: footage.path("one.mp4"), withDestinationPath: footage.path("two.mp4"))
      try files.createSymbolicLink(
        atPath: footage.path("two.mp4"), withDestinationPath: footage.path("one.mp4"))
      let before = try footage.files()
      for (path, words) in [(footage.path("one.mp4"), "one.mp4"), (long, "xxx.mp4")] {
        for paths in [[path], walk + [path]] {
          try expect(66, words, paths, directory: footage.root)
          try expect(66, "cannot be read", paths + ["--dry-run"], directory: footage.root)
        }
      }
      #expect(try footage.files() == before)
    }
  }

  @Test func `bad data is 65`() throws {
    try withWalk { footage, walk in
      // One person in every frame: nothing to match.
      try footage.write(
        text: (1...12).map { "\($0),1,60,60,20,50,1\n" }.joined(), to: "one.txt")
      try expect(
        65, "--objective simmim",
        walk + [
          "--output", footage.path("one"), "--objective", "isr", "--detections",
          footage.path("one.txt"),
        ] + footage.quick)
      try footage.write(text: "1,1,60,sixty,20,50,1\n", to: "bad.txt")
      try expect(
        65, "line 1",
        walk + ["--output", footage.path("bad"), "--detections", footage.path("bad.txt")]
          + footage.quick)
      try footage.write(.walk, to: "other.mp4", frames: 3)
      try expect(
        65, "one file of boxes",
        walk + [
          footage.path("other.mp4"), "--detections", footage.path("bad.txt"), "--output",
          footage.path("two"),
        ])
    }
  }

  @Test func `a place that cannot be written is 74`() throws {
    try withWalk { footage, walk in
      try footage.write(text: "a file", to: "file")
      try expect(74, "name another --output", walk + ["--output", footage.path("file/run")])
      try expect(74, "name another --output", walk + ["--output", footage.path("file")])
      try footage.write(text: "mine", to: "full/letter.txt")
      try expect(64, "is not empty", walk + ["--output", footage.path("full")])
      #expect(try footage.files(below: "full") == ["letter.txt"])
    }
  }

  #if os(Linux)
    @Test func `the object is printed also when memory runs out`() throws {
      try withWalk { footage, walk in
        let program = ProgramRun.folder.appendingPathComponent("vision-pretrain").path
        // A gigabyte of addresses, and a batch that needs most of it at once.
        let run = try ProgramRun(
          URL(fileURLWithPath: "/bin/sh"),
          ["-c", "ulimit -v 1000000; exec \"$@\"", "sh", program] + walk + footage.quick
            + [
              "--dry-run", "--json", "--objective", "isr", "--set", "isr.pairsPerBatch=64", "--set",
              "model.imageHeight=512", "--set", "model.imageWidth=256",
            ])
        #expect(run.exit == 70, "\(run.errors)")
        let error = try #require(run.object?["error"] as? String, "\(run.output) \(run.errors)")
        #expect(error.hasPrefix("Out of memory: ") && isOneSentence(error), "\(error)")
        #expect(run.errors.hasSuffix(error + "\n"), "\(run.errors)")
      }
    }
  #endif

  /// A limit on the size of files acts as a full disk does, and needs no rights.
  @Test(arguments: [
    (40, "crops-000000.tar"), (400, "last.new/model.safetensors"), (400, "reconstructions.png"),
  ])
  func `a full disk is 74`(blocks: Int, place: String) throws {
    try withWalk { footage, walk in
      let program = ProgramRun.folder.appendingPathComponent("vision-pretrain").path
      let every = place.hasPrefix("last") ? 1 : 100
      let run = try ProgramRun(
        URL(fileURLWithPath: "/bin/sh"),
        ["-c", "ulimit -f \(blocks); exec \"$@\"", "sh", program] + walk + footage.quick
          + [
            "--set", "optimizer.checkpointEverySteps=\(every)", "--output", footage.path("run"),
            "--json",
          ])
      #expect(run.exit == 74, "\(run.errors)")
      let error = run.object?["error"] as? String ?? ""
      #expect(error.contains(place) && error.contains("File too large"), "\(error)")
      #expect(error.components(separatedBy: footage.root.path).count == 2, "\(error)")
      // Once there is room, the run goes on.
      let resumed = try ProgramRun("vision-pretrain", ["--resume", footage.path("run")])
      #expect(resumed.exit == 0, "\(resumed.errors)")
    }
  }
}
