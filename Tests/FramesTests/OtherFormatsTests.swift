import Foundation
import Frames
import Images
import Testing

/// Formats that ``VideoWriter`` does not write, made with the `ffmpeg` program where there is one.
@Suite(.enabled(if: FFmpegProgram.path != nil))
struct OtherFormatsTests {
  /// Runs `ffmpeg`; false when it cannot do what is asked, such as for want of an encoder.
  private func run(_ arguments: [String]) throws -> Bool {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: try #require(FFmpegProgram.path))
    process.arguments = ["-v", "quiet", "-nostdin", "-y"] + arguments
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    return process.terminationStatus == 0
  }

  @Test(arguments: [
    "libvpx webm", "mpeg2video mpg", "mpeg2video ts", "wmv2 wmv", "flv flv", "mjpeg mjpeg",
    "ffv1 mkv", "libtheora ogv", "prores mov", "libx265 mp4", "rawvideo avi",
    "wrapped_avframe y4m",
  ])
  func `other codecs and containers are read`(format: String) throws {
    let folder = try Folder()
    try Clip.write(folder.file("clip.mp4"), frames: 40)
    let parts = format.split(separator: " ").map(String.init)
    let path = folder.file("clip.\(parts[1])")
    let isWritten = try run(
      ["-i", folder.file("clip.mp4"), "-c:v", parts[0], "-q:v", "2", "-b:v", "2M", path])
    guard isWritten else { return }
    let reader = try VideoReader(path: path)
    let frames = try reader.all()
    #expect(frames.count == 40)
    #expect(!reader.isTruncated && reader.damagedPackets == 0)
    let start = try #require(frames.first).seconds
    for frame in frames {
      // MPEG program streams do not stamp every frame; FFmpeg's guess may be one frame off.
      #expect(abs(frame.seconds - start - Double(frame.index) / 25) < 0.045)
    }
    let numbers = frames.map { Clip.number(of: $0.image) }
    #expect(zip(numbers, Clip.numbers(40)).filter { $0 == $1 }.count >= 36, "\(numbers)")
    let sampled = try VideoReader(path: path, samplingRate: 5).all()
    #expect(sampled.map(\.index) == Self.expected(frames, rate: 5))
  }

  /// The frames that lie first at or after each point of a grid.
  private static func expected(_ frames: [Frame], rate: Double) -> [Int] {
    var result: [Int] = []
    var point = 0.0
    for frame in frames {
      let time = frame.seconds - frames[0].seconds
      guard time + 0.0006 >= point / rate else { continue }
      result.append(frame.index)
      while point / rate <= time + 0.0006 { point += 1 }
    }
    return result
  }

  @Test func `sound beside the picture is passed over`() throws {
    let folder = try Folder()
    try Clip.write(folder.file("clip.mp4"), frames: 40)
    let isWritten = try run([
      "-i", folder.file("clip.mp4"), "-f", "lavfi", "-i", "sine=duration=1.6", "-c:v", "copy",
      "-c:a", "aac", folder.file("sound.mp4"),
    ])
    guard isWritten else { return }
    let reader = try VideoReader(path: folder.file("sound.mp4"))
    #expect(try reader.all().map { Clip.number(of: $0.image) } == Clip.numbers(40))
    #expect(!reader.isTruncated)
  }

  @Test func `a change of size within a stream keeps the frames alike`() throws {
    let folder = try Folder()
    try Clip.write(folder.file("a.mp4"), frames: 20)
    try Clip.write(folder.file("b.mp4"), frames: 20, width: 160, height: 128)
    for name in ["a", "b"] {
      guard
        try run([
          "-i", folder.file(name + ".mp4"), "-c:v", "mpeg2video", "-q:v", "2",
          "-f", "mpegts", folder.file(name + ".ts"),
        ])
      else { return }
    }
    let joined = try Folder.bytes(folder.file("a.ts")) + Folder.bytes(folder.file("b.ts"))
    let frames = try VideoReader(path: try folder.write("joined.ts", joined)).all()
    #expect(frames.count >= 38)
    #expect(frames.allSatisfy { $0.image.width == 96 && $0.image.height == 64 })
    #expect(Clip.number(of: try #require(frames.last).image) == 19)
  }
}
