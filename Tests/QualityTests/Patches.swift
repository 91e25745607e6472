import Images
import Tensors

/// Small drawn pictures, and ways to spoil them.
enum Patches {
  /// Squares of random colours.
  static func picture(seed: Int, width: Int, height: Int) -> Image {
    var random = RandomStream(seed: 70).split(seed)
    let side = 3 + random.integer(below: 4)
    let columns = width / side + 1
    let colours = (0..<columns * (height / side + 1)).map { _ in
      (0..<3).map { _ in UInt8(random.integer(below: 256)) }
    }
    var image = Image(width: width, height: height)
    for row in 0..<height {
      for column in 0..<width {
        let colour = colours[row / side * columns + column / side]
        for channel in 0..<3 {
          image.pixels[(row * width + column) * 3 + channel] = colour[channel]
        }
      }
    }
    return image
  }

  /// Reduced by up to eight times and brought back.
  static func reduced(_ picture: Image, _ severity: Float, _ random: inout RandomStream) -> Image {
    let factor = 1 + 7 * severity
    func side(_ length: Int) -> Int { max(2, Int((Float(length) / factor).rounded())) }
    return picture.resized(width: side(picture.width), height: side(picture.height))
      .resized(width: picture.width, height: picture.height)
  }

  /// Mixed with grey.
  static func faded(_ picture: Image, _ severity: Float, _ random: inout RandomStream) -> Image {
    Image(
      width: picture.width, height: picture.height,
      pixels: picture.pixels.map { UInt8(128 + (Float($0) - 128) * (1 - severity)) })
  }
}
