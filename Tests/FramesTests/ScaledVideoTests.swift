import Foundation
import Frames
import Images
import Testing

/// Frames that come out smaller than they are stored, beside whole frames that are made smaller.
struct ScaledVideoTests {
  /// One frame of YUV4MPEG2, whose pixels are stored as they are: a smooth picture in all colours.
  private static func frame(
    width: Int, height: Int, chroma: String, isFullRange: Bool = false, bytes: Int = 1
  ) -> [UInt8] {
    let shifts = ["420": (1, 1), "422": (1, 0), "444": (0, 0), "411": (2, 0)]
    let (across, down) = shifts[String(chroma.prefix(3))] ?? (0, 0)
    var header = "YUV4MPEG2 W\(width) H\(height) F25:1 C\(chroma)"
    if isFullRange { header += " XCOLORRANGE=FULL" }
    var result = Array("\(header)\nFRAME\n".utf8)
    func append(_ value: Double) {
      // Ten bits where there are two bytes.
      let sample = Int((value * (bytes == 2 ? 4 : 1)).rounded())
      result.append(UInt8(sample & 255))
      if bytes == 2 { result.append(UInt8(sample >> 8)) }
    }
    for y in 0..<height {
      for x in 0..<width {
        let ramp = Double(x + y) / Double(width + height)
        append(50 + 130 * ramp + 20 * sin(Double(x) / 5) * cos(Double(y) / 7))
      }
    }
    for plane in 0..<2 {
      for y in 0..<(height + (1 << down) - 1) >> down {
        for x in 0..<(width + (1 << across) - 1) >> across {
          // Middles of the samples, so that every layout shows the same colours.
          let column = (Double(x) + 0.5) * Double(1 << across) / Double(width)
          let row = (Double(y) + 0.5) * Double(1 << down) / Double(height)
          append(128 + 40 * sin(3 * (plane == 0 ? column : row) + 2 * row))
        }
      }
    }
    return result
  }

  private static func image(_ path: String, maximumHeight: Int? = nil) throws -> Image {
    try #require(try VideoReader(path: path, maximumHeight: maximumHeight).next()).image
  }

  /// Mean and largest difference of two pictures of one size.
  private static func difference(_ a: Image, _ b: Image) -> (mean: Double, largest: Int) {
    let parts = zip(a.pixels, b.pixels).map { abs(Int($0) - Int($1)) }
    return (Double(parts.reduce(0, +)) / Double(parts.count), parts.max() ?? 0)
  }

  @Test(arguments: ["420jpeg", "422", "444", "411"], [48, 47, 36, 33, 24, 17])
  func `small frames look like whole frames made small`(chroma: String, height: Int) throws {
    let folder = try Folder()
    for (width, stored) in [(128, 96), (125, 93)] {
      for isFullRange in [false, true] {
        let path = try folder.write(
          "\(width)-\(isFullRange).y4m",
          Self.frame(width: width, height: stored, chroma: chroma, isFullRange: isFullRange))
        let small = try Self.image(path, maximumHeight: height)
        let whole = try Self.image(path)
        #expect(small.height == height)
        let expected = whole.resized(width: small.width, height: height, filter: .bilinear)
        let (mean, largest) = Self.difference(small, expected)
        // FFmpeg's conversion without scaling rounds down in several places.
        #expect(mean < 1.8 && largest <= 8, "\(width): mean \(mean), largest \(largest)")
      }
    }
  }

  /// Planes of one value each, against the definition of the colours.
  @Test(arguments: [false, true])
  func `colours are those of the standard`(isFullRange: Bool) throws {
    let folder = try Folder()
    for samples in [
      [16, 128, 128], [235, 128, 128], [81, 90, 240], [145, 54, 34], [120, 200, 60],
    ] {
      let (y, u, v) = (Double(samples[0]), Double(samples[1]) - 128, Double(samples[2]) - 128)
      let light = isFullRange ? y : (y - 16) * 255 / 219
      let difference = isFullRange ? 1 : 255.0 / 224
      let expected = [
        light + 1.402 * difference * v, light - difference * (0.344136 * u + 0.714136 * v),
        light + 1.772 * difference * u,
      ]
      var bytes = Self.frame(width: 40, height: 24, chroma: "420jpeg", isFullRange: isFullRange)
      let start = bytes.count - 40 * 24 * 3 / 2
      for place in start..<bytes.count {
        let plane = place < start + 960 ? 0 : place < start + 1200 ? 1 : 2
        bytes[place] = UInt8(samples[plane])
      }
      let path = try folder.write("flat.y4m", bytes)
      for height in [12, 7] {
        for (place, value) in try Self.image(path, maximumHeight: height).pixels.enumerated() {
          #expect(abs(Double(value) - min(max(expected[place % 3], 0), 255)) <= 1)
        }
      }
    }
  }

  @Test(arguments: [48, 40, 31])
  func `eight bits give the colours that ten bits give`(height: Int) throws {
    let folder = try Folder()
    // Ten bits go through FFmpeg's own scaler.
    let deep = try folder.write(
      "deep.y4m", Self.frame(width: 128, height: 96, chroma: "420p10", bytes: 2))
    let plain = try folder.write(
      "plain.y4m", Self.frame(width: 128, height: 96, chroma: "420jpeg"))
    let (mean, largest) = Self.difference(
      try Self.image(plain, maximumHeight: height), try Self.image(deep, maximumHeight: height))
    #expect(mean < 1.5 && largest <= 8, "mean \(mean), largest \(largest)")
  }

  @Test(arguments: [90, 180, 270])
  func `turned frames are scaled alike`(rotation: Int) throws {
    let folder = try Folder()
    let path = folder.file("turned.mp4")
    try Clip.write(path, frames: 2, width: 160, height: 96, rotation: rotation)
    let whole = try Self.image(path)
    let small = try Self.image(path, maximumHeight: 40)
    let expected = whole.resized(width: small.width, height: 40, filter: .bilinear)
    let (mean, _) = Self.difference(small, expected)
    #expect(small.height == 40 && mean < 2, "\(mean)")
  }

  @Test(.enabled(if: FFmpegProgram.path != nil), arguments: ["bt709", "smpte170m", "bt2020nc"])
  func `the colour space of the file counts`(space: String) throws {
    let folder = try Folder()
    let stored = try folder.write(
      "stored.y4m", Self.frame(width: 128, height: 96, chroma: "420jpeg"))
    let process = Process()
    process.executableURL = URL(fileURLWithPath: try #require(FFmpegProgram.path))
    process.arguments = [
      "-v", "quiet", "-nostdin", "-i", stored, "-vf", "setparams=colorspace=\(space)", "-c:v",
      "ffv1", folder.file("said.mkv"),
    ]
    try process.run()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { return }
    let whole = try Self.image(folder.file("said.mkv"))
    let small = try Self.image(folder.file("said.mkv"), maximumHeight: 48)
    let (mean, largest) = Self.difference(
      small, whole.resized(width: 64, height: 48, filter: .bilinear))
    #expect(mean < 1.8 && largest <= 5, "mean \(mean), largest \(largest)")
  }
}
