import Foundation
import Frames
import Images

/// Made footage: every frame tells its number by the colour of its ground, and a square moves.
enum Clip {
  /// The ground colour of a frame: 216 colours, each at least 40 apart from the others.
  static func colour(_ index: Int) -> (red: UInt8, green: UInt8, blue: UInt8) {
    func level(_ digit: Int) -> UInt8 { UInt8(25 + 40 * (digit % 6)) }
    return (level(index), level(index / 6), level(index / 36))
  }

  /// A picture with a ground of the frame's colour and a black square that moves to the right.
  static func picture(_ index: Int, width: Int = 96, height: Int = 64) -> Image {
    let (red, green, blue) = colour(index)
    var image = Image(width: width, height: height, red: red, green: green, blue: blue)
    let left = index * 2 % (width - 16)
    for y in 0..<16 {
      for x in left..<(left + 16) {
        for channel in 0..<3 { image.pixels[(y * width + x) * 3 + channel] = 0 }
      }
    }
    return image
  }

  /// The frame number that the colour in the lower middle of a picture tells.
  static func number(of image: Image) -> Int {
    let place = ((image.height * 3 / 4) * image.width + image.width / 2) * 3
    func digit(_ channel: Int) -> Int {
      Int(((Double(image.pixels[place + channel]) - 25) / 40).rounded())
    }
    return digit(0) + 6 * digit(1) + 36 * digit(2)
  }

  /// The numbers of the first frames.
  static func numbers(_ count: Int) -> [Int] { (0..<count).map { $0 } }

  /// Writes a clip of numbered frames.
  static func write(
    _ path: String, frames: Int = 30, width: Int = 96, height: Int = 64,
    framesPerSecond: Double = 25, keyFrameInterval: Int = 10, rotation: Int = 0,
    sampleAspectRatio: (width: Int, height: Int) = (1, 1), times: [Int64]? = nil
  ) throws {
    let writer = try VideoWriter(
      path: path, width: width, height: height, framesPerSecond: framesPerSecond, quality: 10,
      keyFrameInterval: keyFrameInterval, rotation: rotation, sampleAspectRatio: sampleAspectRatio)
    for index in 0..<frames {
      try writer.append(picture(index, width: width, height: height), at: times?[index])
    }
    try writer.finish()
  }
}
