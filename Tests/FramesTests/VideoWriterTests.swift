import Foundation
import Frames
import Images
import Testing

struct VideoWriterTests {
  @Test func `colours survive writing and reading`() throws {
    let folder = try Folder()
    try Clip.write(folder.file("clip.mp4"), frames: 8)
    for frame in try VideoReader(path: folder.file("clip.mp4")).all() {
      let expected = Clip.picture(frame.index)
      var sum = 0
      for (a, b) in zip(frame.image.pixels, expected.pixels) { sum += abs(Int(a) - Int(b)) }
      #expect(Double(sum) / Double(expected.pixels.count) < 5)
    }
  }

  @Test(arguments: ["mp4", "mkv", "avi", "mov", ""])
  func `the extension chooses the container`(container: String) throws {
    let folder = try Folder()
    let path = folder.file(container.isEmpty ? "clip" : "clip.\(container)")
    try Clip.write(path, frames: 12)
    #expect(try VideoReader(path: path).all().map { Clip.number(of: $0.image) } == Clip.numbers(12))
  }

  @Test func `the same pictures give the same bytes`() throws {
    let folder = try Folder()
    try Clip.write(folder.file("a.mp4"))
    try Clip.write(folder.file("b.mp4"))
    #expect(try Folder.bytes(folder.file("a.mp4")) == Folder.bytes(folder.file("b.mp4")))
  }

  @Test func `nothing is left of a video that was not finished`() throws {
    let folder = try Folder()
    do {
      let writer = try VideoWriter(
        path: folder.file("a.mp4"), width: 96, height: 64, framesPerSecond: 10)
      try writer.append(Clip.picture(0))
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
    let writer = try VideoWriter(
      path: folder.file("b.mp4"), width: 96, height: 64, framesPerSecond: 10)
    #expect(throws: VideoError.self) { try writer.finish() }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
    #expect(throws: VideoError.self) { try writer.append(Clip.picture(1)) }
  }

  @Test func `what cannot be written is an error with the path`() throws {
    let folder = try Folder()
    #expect(throws: VideoError.self) {
      try VideoWriter(path: folder.file("odd.mp4"), width: 95, height: 64, framesPerSecond: 10)
    }
    do {
      _ = try VideoWriter(
        path: folder.file("no/such/folder.mp4"), width: 96, height: 64, framesPerSecond: 10)
      Issue.record("a video was created in a folder that does not exist")
    } catch {
      #expect(error.description.contains("no/such/folder.mp4"))
      #expect(error.description.contains("No such file"))
    }
  }
}
