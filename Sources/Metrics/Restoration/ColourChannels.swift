import Images

/// The channels two pictures are compared in.
public enum ColourChannels: String, Sendable, Hashable, Codable, CaseIterable {
  /// Red, green and blue.
  case rgb
  /// Luma `16 + 65.481 R + 128.553 G + 24.966 B` for values 0…1, not rounded.
  case luma
  /// The same luma rounded to whole numbers, as MATLAB's `rgb2ycbcr` gives it.
  case roundedLuma

  /// The channels of a picture without `border` pixels on each side, each row by row, 0…255.
  func planes(of image: Image, border: Int) -> Planes {
    let (width, height) = (image.width - 2 * border, image.height - 2 * border)
    precondition(
      width > 0 && height > 0,
      "ColourChannels: a border of \(border) leaves nothing of \(image.width)x\(image.height)")
    var planes = [[Double]](
      repeating: [Double](repeating: 0, count: width * height), count: self == .rgb ? 3 : 1)
    image.pixels.withUnsafeBufferPointer { pixels in
      for y in 0..<height {
        for x in 0..<width {
          let source = ((y + border) * image.width + x + border) * 3
          let (r, g, b) = (
            Double(pixels[source]), Double(pixels[source + 1]), Double(pixels[source + 2])
          )
          let place = y * width + x
          if self == .rgb {
            planes[0][place] = r
            planes[1][place] = g
            planes[2][place] = b
          } else {
            let luma = 16 + (65.481 * r + 128.553 * g + 24.966 * b) / 255
            planes[0][place] = self == .luma ? luma : luma.rounded()
          }
        }
      }
    }
    return Planes(width: width, height: height, values: planes)
  }
}

/// Channels of a picture, each row by row.
struct Planes {
  let width: Int
  let height: Int
  let values: [[Double]]
}
