/// An 8-bit RGB picture, row-major, interleaved: `pixels[(y * width + x) * 3 + channel]`.
///
/// **Shape**: `[height, width, 3]`, channels in the order red, green, blue, values 0…255 in the
/// sRGB encoding of the source file.
public struct Image: Sendable, Equatable {
  /// Columns.
  public let width: Int
  /// Rows.
  public let height: Int
  /// `height * width * 3` bytes.
  public var pixels: [UInt8]

  /// Makes a picture from bytes in the layout of ``pixels``.
  public init(width: Int, height: Int, pixels: [UInt8]) {
    precondition(
      width > 0 && height > 0 && pixels.count == width * height * 3,
      "Image: \(width)×\(height) needs \(width * height * 3) bytes, got \(pixels.count)")
    self.width = width
    self.height = height
    self.pixels = pixels
  }

  /// Makes a picture of one colour.
  public init(
    width: Int, height: Int, red: UInt8 = 0, green: UInt8 = 0, blue: UInt8 = 0
  ) {
    var pixels = [UInt8](repeating: red, count: width * height * 3)
    if green != red || blue != red {
      for index in 0..<(width * height) {
        pixels[index * 3 + 1] = green
        pixels[index * 3 + 2] = blue
      }
    }
    self.init(width: width, height: height, pixels: pixels)
  }
}
