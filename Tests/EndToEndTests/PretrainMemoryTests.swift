import Foundation
import Testing

/// Memory stays the same however much footage there is.
@Suite(.serialized) struct PretrainMemoryTests {
  /// What more footage may add, in MiB: a hundred bytes a crop and what the allocator keeps.
  private static let allowance = 48.0

  /// Peak memory and crops of a run that reads all footage and learns for two steps.
  private func run(
    _ footage: PretrainFootage, _ videos: String, _ arguments: [String] = []
  ) throws -> (peak: Double, crops: Int, frames: Int, videos: Int) {
    let run = try ProgramRun(
      "vision-pretrain",
      [
        footage.path(videos), "--output", footage.path("run of " + videos), "--objective", "simmim",
        "--steps", "2", "--quiet", "--json",
      ] + footage.quick + arguments)
    #expect(run.exit == 0, "\(run.errors)")
    let result = try #require(run.object)
    return (
      try #require(result["peakMemoryMiB"] as? Double), try #require(result["crops"] as? Int),
      try #require(result["frames"] as? Int), try #require(result["videos"] as? Int)
    )
  }

  @Test(arguments: [["--set", "extraction.detector=background"], ["--whole-frame"]])
  func `a long video takes no more memory than a short one`(arguments: [String]) throws {
    let footage = try PretrainFootage()
    defer { footage.remove() }
    // Two frames a second, as a film of half a minute that goes on for 25 minutes.
    try footage.writeRepeatedWalk("short.mp4", times: 3)
    try footage.writeRepeatedWalk("long.mp4", times: 50)
    let short = try run(footage, "short.mp4", arguments)
    let long = try run(footage, "long.mp4", arguments)
    #expect(short.frames == 180 && long.frames == 3000)
    #expect(long.crops > 10 * short.crops)
    #expect(long.peak < short.peak + Self.allowance, "\(long.peak) after \(short.peak) MiB")
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
    #expect(many.peak < few.peak + Self.allowance, "\(many.peak) after \(few.peak) MiB")
  }
}
