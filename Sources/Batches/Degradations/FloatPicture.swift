public import Images

/// A picture with values of any precision, RGB, row-major and interleaved, 0…1.
public struct FloatPicture: Sendable, Equatable {
  /// Columns.
  public let width: Int
  /// Rows.
  public let height: Int
  /// `height * width * 3` values.
  public var values: [Float]

  /// Makes a picture from values.
  public init(width: Int, height: Int, values: [Float]) {
    precondition(
      values.count == width * height * 3,
      "FloatPicture: \(values.count) values for \(width)x\(height)")
    self.width = width
    self.height = height
    self.values = values
  }

  /// Takes an 8-bit picture.
  public init(_ image: Image) {
    width = image.width
    height = image.height
    values = image.pixels.map { Float($0) / 255 }
  }

  /// The picture cut to 0…1 and rounded to 8 bits.
  public var image: Image {
    Image(
      width: width, height: height,
      pixels: values.map { UInt8(min(max($0 * 255, 0), 255).rounded()) })
  }

  /// Cuts all values to 0…1.
  public mutating func clip() {
    for index in values.indices { values[index] = min(max(values[index], 0), 1) }
  }
}
