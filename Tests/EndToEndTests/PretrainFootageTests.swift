import Foundation
import Testing

/// Footage as people have it: damaged, misnamed, without anybody, in odd folders.
@Suite struct PretrainFootageTests {
  private func withFootage(_ body: (PretrainFootage) throws -> Void) throws {
    let footage = try PretrainFootage()
    defer { footage.remove() }
    try body(footage)
  }

  private func run(_ footage: PretrainFootage, _ arguments: [String], in directory: URL? = nil)
    throws -> ProgramRun
  {
    try ProgramRun(
      "vision-pretrain",
      arguments + ["--objective", "simmim", "--steps", "1", "--json"] + footage.quick,
      directory: directory)
  }

  @Test func `a folder of good and bad videos is used as far as it goes`() throws {
    try withFootage { footage in
      try footage.write(.walk, to: "videos/a good.mp4", frames: 45)
      let whole = try footage.data("videos/a good.mp4")
      try whole.prefix(whole.count / 2).write(
        to: footage.root.appendingPathComponent("videos/b truncated.mp4"))
      try whole.suffix(whole.count / 2).write(
        to: footage.root.appendingPathComponent("videos/b headless.mp4"))
      try footage.write(text: "Buy milk.\n", to: "videos/c text.mp4")
      try footage.write(.empty, to: "videos/d nobody.mp4")
      try footage.write(.turning, to: "videos/e moving.mp4", frames: 45)
      let result = try run(
        footage, [footage.path("videos"), "--output", footage.path("run")])
      #expect(result.exit == 0, "\(result.errors)")
      #expect(result.object?["videos"] as? Int == 2 && result.object?["skipped"] as? Int == 4)
      #expect((result.object?["crops"] as? Int ?? 0) > 20)
      let lines = try footage.text("run/skipped.txt").split(separator: "\n")
      #expect(lines.count == 4)
      for (line, words) in zip(
        lines, ["b headless.mp4", "is not a video", "No persons were found", "camera"])
      {
        let parts = line.split(separator: "\t")
        #expect(parts.count == 2 && parts[0].hasPrefix(footage.path("videos/")), "\(line)")
        #expect(parts.last?.contains(words) == true, "\(line)")
      }
      #expect(result.errors.contains("was read as far as it goes: the file ends before"))
      for name in ["b headless", "c text", "d nobody", "e moving"] {
        #expect(result.errors.contains("Skipped \(name).mp4"), "\(result.errors)")
      }
      let report = try footage.text("run/report.html")
      #expect(report.contains("c text.mp4") && report.contains("4 skipped"))
    }
  }

  @Test func `a video that breaks off is used up to there`() throws {
    try withFootage { footage in
      try footage.write(.walk, to: "whole.mkv", frames: 45)
      let whole = try footage.data("whole.mkv")
      try whole.prefix(whole.count * 3 / 4).write(
        to: footage.root.appendingPathComponent("cut.mkv"))
      try footage.writeBoxes(to: "cut.txt", frames: 45)
      let result = try run(footage, [footage.path("cut.mkv"), "--output", footage.path("run")])
      #expect(result.exit == 0, "\(result.errors)")
      #expect(result.object?["videos"] as? Int == 1)
      let frames = try #require(result.object?["frames"] as? Int)
      #expect(frames > 5 && frames < 45)
      #expect(result.errors.contains("read as far as it goes"), "\(result.errors)")
    }
  }

  @Test func `nothing usable is one sentence`() throws {
    try withFootage { footage in
      try footage.write(text: "Buy milk.\n", to: "videos/list.mp4")
      try footage.write(.empty, to: "videos/nobody.mp4", frames: 20)
      let result = try run(footage, [footage.path("videos"), "--output", footage.path("run")])
      #expect(result.exit == 65)
      let error = try #require(result.object?["error"] as? String)
      #expect(result.object?.count == 1 && error.contains("2 videos"), "\(error)")
      #expect(isOneSentence(error), "\(error)")
      #expect(result.errors.contains("vision-pretrain: \(error)"))
      #expect(try footage.text("run/skipped.txt").split(separator: "\n").count == 2)
      try footage.write(text: "Nothing to see.\n", to: "papers/readme.txt")
      let none = try run(footage, [footage.path("papers"), "--output", footage.path("none")])
      #expect(none.exit == 65, "\(none.errors)")
      #expect((none.object?["error"] as? String)?.contains("No footage") == true)
      #expect(!footage.exists("none"))
      let dry = try run(footage, [footage.path("videos/list.mp4"), "--dry-run"])
      #expect(dry.exit == 65 && dry.object?.count == 1)
      #expect(isOneSentence(dry.object?["error"] as? String ?? ""), "\(dry.errors)")
      // Reasons of several sentences, names with full stops.
      try footage.write(.turning, to: "cam. 1/tour. 2.mp4", frames: 30)
      try footage.write(text: "Not boxes.\n", to: "cam. 1/notes. 3.txt")
      try footage.write(.walk, to: "cam. 1/notes. 3.mp4", frames: 3)
      for name in ["tour. 2", "notes. 3"] {
        let path = footage.path("cam. 1/\(name).mp4")
        let one = try run(footage, [path, "--output", footage.path("run of \(name)")])
        #expect(one.exit == 65, "\(one.errors)")
        let error = one.object?["error"] as? String ?? ""
        #expect(isOneSentence(error) && error.contains(name), "\(error)")
        let dry = try run(footage, [path, "--dry-run"])
        #expect(
          dry.exit == 0 || isOneSentence(dry.object?["error"] as? String ?? ""), "\(dry.errors)")
      }
    }
  }

  @Test func `files of other endings are said, and read when they are named`() throws {
    try withFootage { footage in
      try footage.writeLabelledWalk("videos/walk.mp4", frames: 12)
      for name in ["walk.recording", "plan.pdf", "list.txt", "x.zip"] {
        try FileManager.default.copyItem(
          atPath: footage.path("videos/walk.mp4"), toPath: footage.path("videos/" + name))
      }
      let words =
        "4 files in the folders not looked at, by the end of the name: list.txt, plan.pdf, "
      for mode in [["--output", footage.path("run")], ["--dry-run"]] {
        let result = try run(footage, [footage.path("videos")] + mode)
        #expect(result.exit == 0 && result.object?["videos"] as? Int == 1, "\(result.errors)")
        #expect(result.errors.contains(words), "\(result.errors)")
        #expect(result.errors.contains(", …;") && !result.errors.contains("walk.txt,"))
      }
      try FileManager.default.removeItem(atPath: footage.path("videos/list.txt"))
      let named = try run(
        footage, [footage.path("videos/walk.recording"), "--output", footage.path("named")])
      #expect(named.exit == 0 && named.object?["crops"] as? Int ?? 0 > 0, "\(named.errors)")
      #expect(!named.errors.contains("not looked at"))
    }
  }

  @Test func `a name cannot fake a line of what was skipped`() throws {
    try withFootage { footage in
      try footage.writeLabelledWalk("videos/walk.mp4", frames: 12)
      try footage.write(text: "no video", to: "videos/a\tb\nc.mp4\tis fine\nd\u{1B}[31m.mp4")
      let result = try run(footage, [footage.path("videos"), "--output", footage.path("run")])
      #expect(result.exit == 0 && result.object?["skipped"] as? Int == 1, "\(result.errors)")
      let text = try footage.text("run/skipped.txt")
      #expect(text.split(separator: "\n").count == 1 && !text.contains("\u{1B}"), "\(text)")
      #expect(text.split(separator: "\t").count == 2, "\(text)")
      #expect(text.contains(#"a\u{9}b\u{A}c.mp4"#), "\(text)")
    }
  }

  @Test func `numbered frames are a video`() throws {
    try withFootage { footage in
      try footage.writeNumberedWalk("walk/img1", frames: 20)
      try footage.writeBoxes(to: "walk/gt/gt.txt", frames: 20)
      let result = try run(footage, [footage.path("walk"), "--output", footage.path("run")])
      #expect(result.exit == 0, "\(result.errors)")
      #expect((result.object?["crops"] as? Int ?? 0) >= 20)
      // At four frames a second they last longer, and all of them are looked at.
      let slow = try run(
        footage,
        [
          footage.path("walk"), "--output", footage.path("slow"), "--set",
          "extraction.numberedFrameRate=4",
        ])
      #expect(slow.exit == 0, "\(slow.errors)")
      #expect(slow.object?["crops"] as? Int == result.object?["crops"] as? Int)
      #expect(try lastSeconds(of: footage, "run") == 1.9)
      #expect(try lastSeconds(of: footage, "slow") == 4.75)
      // At forty, ten a second are every fourth.
      let fast = try run(
        footage,
        [
          footage.path("walk"), "--output", footage.path("fast"), "--set",
          "extraction.numberedFrameRate=40",
        ])
      #expect(fast.exit == 0 && fast.object?["frames"] as? Int == 5, "\(fast.errors)")
      let dry = try run(
        footage,
        [footage.path("walk"), "--set", "extraction.numberedFrameRate=4", "--dry-run"])
      #expect(dry.object?["footageSeconds"] as? Double == 5, "\(dry.errors)")
    }
  }

  /// Time of the last crop of a run, in seconds.
  private func lastSeconds(of footage: PretrainFootage, _ run: String) throws -> Double? {
    let lines = try footage.text(run + "/crops/manifest.csv").split(separator: "\n")
    let columns = try #require(lines.first).split(separator: ",")
    let place = try #require(columns.firstIndex(of: "seconds"))
    return Double(try #require(lines.last).split(separator: ",")[place])
  }

  @Test func `odd names are names`() throws {
    try withFootage { footage in
      let names = ["-rf.mp4", "$HOME `x`.mp4", "it's \"quoted\".mp4", "čtyři 四.mp4", "a,b\tc.mp4"]
      try footage.writeLabelledWalk("odd names/walk.mp4", frames: 20)
      let video = try footage.data("odd names/walk.mp4")
      let boxes = try footage.data("odd names/walk.txt")
      for name in names {
        let file = footage.root.appendingPathComponent("odd names").appendingPathComponent(name)
        try video.write(to: file)
        try boxes.write(to: file.appendingPathExtension("txt"))
      }
      let all = try run(
        footage, ["odd names", "--output", "-run ü"], in: footage.root)
      #expect(all.exit == 64, "a value that begins with a dash is a flag: \(all.errors)")
      let result = try run(
        footage, ["odd names", "--output", "./-run ü"], in: footage.root)
      #expect(result.exit == 0, "\(result.errors)")
      #expect(result.object?["videos"] as? Int == 6 && result.object?["skipped"] as? Int == 0)
      let inside = footage.root.appendingPathComponent("odd names")
      let dash = try run(
        footage, ["./-rf.mp4", "--output", "../dash", "--seed", "2"], in: inside)
      #expect(dash.exit == 0, "\(dash.errors)")
      #expect(footage.exists("dash/report.html"))
    }
  }
}
