import Foundation
import Frames
import Images
import Tensors

/// The files that figures read, made on first use and kept in a folder.
struct Materials: Sendable {
  /// Where they lie.
  let folder: URL
  /// Threads that a figure may use.
  let threads: Int

  /// A clip of 240 frames, 1280×720: people-like figures walk before a textured background.
  func clip() throws -> String {
    let url = folder.appending(path: "walk-1280x720.mp4")
    guard !FileManager.default.fileExists(atPath: url.path) else { return url.path }
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let (width, height) = (1280, 720)
    let background = Self.texture(width: width, height: height, cell: 40, noise: 6, seed: 2)
    let writer = try VideoWriter(
      path: url.path, width: width, height: height, framesPerSecond: 30, quality: 23,
      threads: threads)
    for frame in 0..<240 {
      var image = background
      for walker in 0..<7 { Self.draw(walker, at: frame, into: &image) }
      try writer.append(image)
    }
    try writer.finish()
    return url.path
  }

  /// 64 JPEG files of 640×480 pixels, quality 90, smooth with some noise.
  func pictures() throws -> [URL] {
    let place = folder.appending(path: "pictures")
    try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
    return try (0..<64).map { index in
      let url = place.appending(path: "\(index).jpg")
      if !FileManager.default.fileExists(atPath: url.path) {
        let image = Self.texture(width: 640, height: 480, cell: 40, noise: 12, seed: 100 + index)
        try image.write(to: url, quality: 90)
      }
      return url
    }
  }

  /// Random colours on a coarse grid, joined linearly, with noise on every pixel.
  private static func texture(
    width: Int, height: Int, cell: Int, noise: Float, seed: Int
  ) -> Image {
    var random = RandomStream(seed: UInt64(seed))
    let columns = width / cell + 2
    let grid = (0..<columns * (height / cell + 2) * 3).map { _ in random.uniform(20...235) }
    var pixels = [UInt8](repeating: 0, count: width * height * 3)
    for y in 0..<height {
      let (row, v) = (y / cell, Float(y % cell) / Float(cell))
      for x in 0..<width {
        let (column, u) = (x / cell, Float(x % cell) / Float(cell))
        let grain = random.uniform(-noise...noise)
        for channel in 0..<3 {
          func knot(_ down: Int, _ right: Int) -> Float {
            grid[((row + down) * columns + column + right) * 3 + channel]
          }
          let top = knot(0, 0) * (1 - u) + knot(0, 1) * u
          let bottom = knot(1, 0) * (1 - u) + knot(1, 1) * u
          let value = top * (1 - v) + bottom * v + grain
          pixels[(y * width + x) * 3 + channel] = UInt8(max(0, min(255, value)))
        }
      }
    }
    return Image(width: width, height: height, pixels: pixels)
  }

  /// A head, a trunk and legs, 200 pixels tall, that cross the picture.
  private static func draw(_ walker: Int, at frame: Int, into image: inout Image) {
    let speed = 3 + walker % 3
    let x = (walker * 181 + frame * speed) % (image.width - 80) + 40
    let foot = 420 + 40 * walker
    let parts: [(rows: Range<Int>, half: Int)] = [
      (foot - 200..<foot - 168, 13), (foot - 168..<foot - 80, 27), (foot - 80..<foot, 20),
    ]
    for (index, part) in parts.enumerated() {
      let colour = (0..<3).map { UInt8((walker * 67 + index * 91 + $0 * 53) % 256) }
      for y in part.rows where y >= 0 && y < image.height {
        for column in x - part.half..<x + part.half {
          let place = (y * image.width + column) * 3
          for channel in 0..<3 { image.pixels[place + channel] = colour[channel] }
        }
      }
    }
  }
}
