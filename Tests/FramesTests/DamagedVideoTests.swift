import Foundation
import Frames
import Images
import Testing

struct DamagedVideoTests {
  private func failure(_ path: String) -> VideoError? {
    do throws(VideoError) {
      _ = try VideoReader(path: path)
      return nil
    } catch {
      return error
    }
  }

  @Test(arguments: ["mp4", "avi", "mkv"])
  func `a file cut short delivers its readable frames`(container: String) throws {
    let folder = try Folder()
    let path = folder.file("whole.\(container)")
    try Clip.write(path, frames: 100)
    let bytes = try Folder.bytes(path)
    let cut = try folder.write("cut.\(container)", bytes.prefix(bytes.count * 2 / 3))
    let reader = try VideoReader(path: cut)
    let frames = try reader.all()
    #expect(frames.count > 30 && frames.count < 95)
    #expect(frames.map(\.index) == Clip.numbers(frames.count))
    #expect(frames.prefix(30).map { Clip.number(of: $0.image) } == Clip.numbers(30))
    #expect(reader.isTruncated)
    #expect(try reader.next() == nil)
  }

  @Test func `scattered damage neither stops nor crashes the reader`() throws {
    let folder = try Folder()
    let path = folder.file("whole.mp4")
    try Clip.write(path, frames: 100)
    var bytes = try Folder.bytes(path)
    var state: UInt64 = 7
    for _ in 0..<200 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      let place = bytes.count / 3 + Int(state >> 33) % (bytes.count * 2 / 3 - 1)
      bytes[place] = UInt8(truncatingIfNeeded: state >> 24)
    }
    let reader = try VideoReader(path: try folder.write("damaged.mp4", bytes))
    let frames = try reader.all()
    #expect(frames.count > 20)
    #expect(reader.damagedPackets > 0)
  }

  @Test func `what is no video is refused with a sentence`() throws {
    let folder = try Folder()
    let text = String(repeating: "1\n00:00:01,000 --> 00:00:02,000\nNot a video.\n\n", count: 200)
    for name in ["text.mp4", "text.avi", "text.ts", "text.srt", "text.txt", "text.ass"] {
      let error = failure(try folder.write(name, text.utf8))
      guard case .notVideo(_, let reason)? = error else {
        Issue.record("\(name): \(String(describing: error))")
        continue
      }
      #expect(reason == "it holds text")
    }
    let short = failure(try folder.write("short.mp4", "hello\n".utf8))
    #expect(short.map { "\($0)".contains("text") } == true)

    let empty = failure(try folder.write("empty.mp4", []))
    #expect("\(try #require(empty))".hasPrefix("“\(folder.path)"))

    let zeros = failure(try folder.write("zeros.mkv", [UInt8](repeating: 0, count: 10_000)))
    #expect(zeros != nil)

    let missing = failure(folder.file("missing.mp4"))
    #expect(missing == .notFound(path: folder.file("missing.mp4")))

    try Clip.picture(3).write(to: URL(fileURLWithPath: folder.file("still.jpg")))
    guard case .notVideo? = failure(folder.file("still.jpg")) else {
      Issue.record("a still picture opened as a video")
      return
    }
  }

  @Test func `a header without frames is an error`() throws {
    let folder = try Folder()
    let path = folder.file("whole.mp4")
    try Clip.write(path, frames: 50)
    let bytes = try Folder.bytes(path)
    // The index lies in front, so the header can be read; the frames are overwritten.
    let data = try #require(bytes.firstRange(of: Array("mdat".utf8))).upperBound
    let hollow = bytes[..<data] + [UInt8](repeating: 0xAA, count: bytes.count - data)
    guard case .noFrames? = failure(try folder.write("hollow.mp4", hollow)) else {
      Issue.record("a video without decodable frames opened")
      return
    }
    guard case .unreadable(_, let reason)? = failure(try folder.write("head.mp4", bytes.prefix(40)))
    else {
      Issue.record("a video without index opened")
      return
    }
    #expect(!reason.isEmpty)
  }

  @Test func `a sound file has no video stream`() throws {
    let folder = try Folder()
    // A second of silence: RIFF header, format chunk, data chunk.
    func little(_ value: UInt32, _ count: Int) -> [UInt8] {
      (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * UInt32($0))) }
    }
    var bytes = Array("RIFF".utf8) + little(36 + 16_000, 4) + Array("WAVEfmt ".utf8)
    bytes += little(16, 4) + little(1, 2) + little(1, 2) + little(8000, 4) + little(16_000, 4)
    bytes += little(2, 2) + little(16, 2) + Array("data".utf8) + little(16_000, 4)
    bytes += [UInt8](repeating: 0, count: 16_000)
    let path = try folder.write("sound.mp4", bytes)
    #expect(failure(path) == .noVideoStream(path: path))
  }
}
