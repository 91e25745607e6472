import Foundation
import Frames
import Images

/// Small made videos of upright figures who walk before a chequered wall.
struct ExtractionScene {
  let width = 192
  let height = 144
  let figures = [
    (foot: 130, start: -30, speed: 5, colour: [160, 20, 30] as [UInt8]),
    (foot: 100, start: 215, speed: -4, colour: [20, 20, 30] as [UInt8]),
  ]

  /// Height of the figure with feet in a row.
  func tall(_ foot: Int) -> Int { foot / 3 + 8 }

  func box(_ figure: Int, frame: Int) -> Rectangle {
    let (foot, start, speed, _) = figures[figure]
    let wide = tall(foot) * 2 / 5
    return Rectangle(
      left: Double(start + speed * frame - wide / 2), top: Double(foot - tall(foot)),
      width: Double(wide), height: Double(tall(foot)))
  }

  func picture(_ frame: Int, shift: Int = 0, people: Bool = true, dark: Bool = false) -> Image {
    var pixels = [UInt8](repeating: 0, count: width * height * 3)
    pixels.withUnsafeMutableBufferPointer { pixels in
      for y in 0..<height {
        for x in 0..<width {
          let checks = ((x + shift) / 16 + y / 16) % 2 == 0
          let value: UInt8 = dark ? (checks ? 20 : 40) : (checks ? 190 : 130)
          let at = (y * width + x) * 3
          pixels[at] = value
          pixels[at + 1] = value
          pixels[at + 2] = value - 10
        }
      }
      guard people else { return }
      for index in figures.indices {
        let box = box(index, frame: frame)
        for y in Int(box.top)..<Int(box.bottom) {
          for x in 0..<width where Double(x) >= box.left && Double(x) < box.right {
            let dx = (Double(x) + 0.5 - box.left) / box.width * 2 - 1
            let dy = (Double(y) + 0.5 - box.top) / box.height * 2 - 1
            guard dx * dx + dy * dy <= 1 else { continue }
            for channel in 0..<3 {
              pixels[(y * width + x) * 3 + channel] = figures[index].colour[channel]
            }
          }
        }
      }
    }
    return Image(width: width, height: height, pixels: pixels)
  }

  /// Writes a video at 10 frames a second.
  func write(_ url: URL, frames: Int = 45, picture: (Int) -> Image) throws {
    let writer = try VideoWriter(
      path: url.path, width: width, height: height, framesPerSecond: 10, quality: 14)
    for frame in 0..<frames { try writer.append(picture(frame)) }
    try writer.finish()
  }

  /// Runs a body with a folder that is removed afterwards.
  static func withFolder<Result>(_ body: (URL) throws -> Result) throws -> Result {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("extraction \(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try body(folder)
  }
}
