import Foundation
import Frames
import Images
import Testing

struct NumberedFramesTests {
  private func save(_ index: Int, _ path: String, width: Int = 96) throws {
    try Clip.picture(index, width: width).write(to: URL(fileURLWithPath: path), quality: 95)
  }

  @Test(arguments: [
    "%06d.jpg", "frame-%d.png", "Straße 50% größer %d.jpg", "a%%20b_%d x.png", "日本 %d.jpeg",
    "2024-07 take 3 #%d?.jpg",
  ])
  func `a folder of numbered pictures is a video`(format: String) throws {
    let folder = try Folder()
    let frames = try folder.makeFolder("odd name %d ü")
    for index in 0..<12 {
      let number = "\(index + 5)"
      let padded = String(repeating: "0", count: max(0, 6 - number.count)) + number
      let name = format.replacingOccurrences(of: "%06d", with: padded)
        .replacingOccurrences(of: "%d", with: number)
      try save(index, frames + "/" + name)
    }
    _ = try folder.write("odd name %d ü/notes.txt", "not a frame".utf8)
    let reader = try VideoReader(path: frames)
    #expect(reader.information.codec == "images")
    #expect(reader.information.frameCountEstimate == 12)
    let read = try reader.all()
    #expect(read.map { Clip.number(of: $0.image) } == Clip.numbers(12))
    #expect(read.map(\.seconds) == (0..<12).map { Double($0) / 10 })
    let sampled = try VideoReader(path: frames, samplingRate: 1, numberedFrameRate: 4).all()
    #expect(sampled.map(\.index) == [0, 4, 8])
    #expect(try Footage.find([folder.path]).map(\.kind) == [.numberedFrames])
  }

  @Test func `frames are scaled to the maximum height`() throws {
    let folder = try Folder()
    for index in 0..<3 { try save(index, folder.file("\(index).png")) }
    let reader = try VideoReader(path: folder.path, maximumHeight: 32)
    #expect(reader.information.width == 96 && reader.information.height == 64)
    #expect(try reader.all().allSatisfy { $0.image.width == 48 && $0.image.height == 32 })
  }

  @Test func `another size is an error that names the file`() throws {
    let folder = try Folder()
    for index in 0..<6 { try save(index, folder.file("\(index).png"), width: index == 4 ? 98 : 96) }
    let reader = try VideoReader(path: folder.path)
    for _ in 0..<4 { #expect(try reader.next() != nil) }
    #expect(
      throws: VideoError.frameSizeDiffers(
        path: folder.file("4.png"), width: 98, height: 64, expectedWidth: 96, expectedHeight: 64)
    ) { try reader.next() }
    #expect(try reader.next() == nil)
  }

  @Test func `a damaged picture is passed over and counted`() throws {
    let folder = try Folder()
    for index in 0..<6 { try save(index, folder.file("\(index).png")) }
    _ = try folder.write("0.png", "damaged".utf8)
    _ = try folder.write("3.png", "damaged".utf8)
    let reader = try VideoReader(path: folder.path)
    #expect(try reader.all().map(\.index) == [1, 2, 4, 5])
    #expect(reader.damagedPackets == 2)
    #expect(reader.health.decodedFrames == 4)
  }

  @Test func `pictures without one series are no video`() throws {
    let folder = try Folder()
    for name in ["one.png", "two.png", "b3.png", "a.png"] { try save(0, folder.file(name)) }
    #expect(throws: VideoError.self) { try VideoReader(path: folder.path) }
    #expect(throws: VideoError.noFootage(paths: [folder.path])) {
      try Footage.find([folder.path])
    }
    let empty = try folder.makeFolder("empty")
    do {
      _ = try VideoReader(path: empty)
      Issue.record("an empty folder opened")
    } catch {
      #expect(error.description.contains("no pictures"))
    }
  }
}
