import Foundation
import Testing

/// Memory stays the same however much footage there is.
@Suite(.serialized) struct PretrainMemoryTests {
  /// How much the peaks of two equal runs may differ, in MiB: they depend on how far the threads are apart
  /// at the fullest moment.
  ///
  /// Eight equal runs on a busy machine of two cores lay within 0.5 MiB (whole frames) and 1.3 MiB
  /// (detector), and within 3.3 MiB without the setting of the allocator that ``run(_:_:_:)`` makes.
  private static let spread = 4.0

  /// Bytes that a frame more may add: a hundred bytes a crop, and what the allocator keeps.
  ///
  /// 700 to 850 were measured. A frame that is kept takes 80 KiB, its crops 12 KiB and more.
  private static let bytesPerFrame = 1536

  /// Peak memory and crops of a run that reads all footage and learns for two steps.
  private func run(
    _ footage: PretrainFootage, _ videos: String,
    _ arguments: [String] = ["--objective", "simmim"]
  ) throws -> (peak: Double, crops: Int, frames: Int, videos: Int) {
    let run = try ProgramRun(
      "vision-pretrain",
      [
        footage.path(videos), "--output", footage.path("run of " + videos), "--steps", "2",
        "--quiet", "--json",
      ] + footage.quick + arguments,
      // The allocator of glibc keeps a reserve for every thread that ever met another one; which do is
      // chance.
      environment: ["MALLOC_ARENA_MAX": "1"])
    #expect(run.exit == 0, "\(run.errors)")
    let result = try #require(run.object)
    return (
      try #require(result["peakMemoryMiB"] as? Double), try #require(result["crops"] as? Int),
      try #require(result["frames"] as? Int), try #require(result["videos"] as? Int)
    )
  }

  private func expectLevel(
    _ less: Double, _ more: Double, bytes: Int, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(
      more < less + Self.spread + Double(bytes) / 1_048_576, "\(more) after \(less) MiB",
      sourceLocation: sourceLocation)
  }

  @Test(arguments: [
    ["--objective", "simmim", "--set", "extraction.detector=background"], ["--whole-frame"],
  ])
  func `a long video takes no more memory than a short one`(arguments: [String]) throws {
    let footage = try PretrainFootage()
    defer { footage.remove() }
    // Two frames a second, as a film of half a minute that goes on for 4 and for 18 minutes. Pictures of
    // the report look at more crops of the long one; another test holds them.
    try footage.writeRepeatedWalk("short.mp4", times: 8)
    try footage.writeRepeatedWalk("long.mp4", times: 36)
    let plain = arguments + ["--set", "report.pictures=false"]
    let short = try run(footage, "short.mp4", plain)
    let long = try run(footage, "long.mp4", plain)
    #expect(short.frames == 480 && long.frames == 2160)
    #expect(short.crops > 700 && long.crops > 4 * short.crops)
    expectLevel(
      short.peak, long.peak, bytes: Self.bytesPerFrame * (long.frames - short.frames))
  }

  @Test func `a large file of boxes takes little memory`() throws {
    let footage = try PretrainFootage()
    defer { footage.remove() }
    try footage.writeLabelledWalk("small.mp4", frames: 12)
    // Boxes of frames that the clip does not have, as in a file for a day of which it is a part.
    var boxes = try footage.text("small.txt")
    boxes.reserveCapacity(20_000_000)
    for box in 0..<400_000 {
      boxes += "\(1000 + box / 4),\(box % 90),100.25,\(box % 97).5,40.125,90,0.875,1,1\n"
    }
    try footage.write(text: boxes, to: "large.txt")
    try footage.data("small.mp4").write(to: footage.root.appendingPathComponent("large.mp4"))
    let small = try run(footage, "small.mp4")
    let large = try run(footage, "large.mp4")
    #expect(small.crops == large.crops && large.crops > 20)
    // A hundred bytes a box.
    expectLevel(small.peak, large.peak, bytes: 100 * 400_000)
  }

  @Test func `judging pairs takes no more memory for many crops`() throws {
    let footage = try PretrainFootage()
    defer { footage.remove() }
    for (name, times) in [("short", 3), ("long", 40)] {
      try footage.writeRepeatedWalk(name + ".mp4", times: times)
      // Twelve places that are taken all the time, with identities to judge pairs by.
      let places = (0..<12).map { "\($0),\(4 + $0 % 6 * 30),\(10 + $0 / 6 * 60),20,50,1\n" }
      let lines = (1...60 * times).map { frame in places.map { "\(frame),\($0)" }.joined() }
      try footage.write(text: lines.joined(), to: name + ".txt")
    }
    let arguments = ["--objective", "isr", "--set", "isr.maximumCropsPerFrame=4"]
    let short = try run(footage, "short.mp4", arguments)
    let long = try run(footage, "long.mp4", arguments)
    #expect(short.crops == 180 * 12 && long.crops == 2400 * 12)
    // These frames hold four times the persons of the others.
    expectLevel(
      short.peak, long.peak, bytes: 4 * Self.bytesPerFrame * (long.frames - short.frames))
  }

  @Test func `a thousand clips take no more memory than ten`() throws {
    let footage = try PretrainFootage()
    defer { footage.remove() }
    try footage.writeLabelledWalk("clip.mp4", frames: 3)
    let (clip, boxes) = (try footage.data("clip.mp4"), try footage.data("clip.txt"))
    for (folder, count) in [("ten", 10), ("thousand", 1000)] {
      let place = footage.root.appendingPathComponent(folder)
      try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
      for number in 0..<count {
        try clip.write(to: place.appendingPathComponent("\(number).mp4"))
        try boxes.write(to: place.appendingPathComponent("\(number).txt"))
      }
    }
    let few = try run(footage, "ten")
    let many = try run(footage, "thousand")
    #expect(few.videos == 10 && many.videos == 1000 && many.crops == 100 * few.crops)
    expectLevel(few.peak, many.peak, bytes: Self.bytesPerFrame * (many.frames - few.frames))
  }
}
