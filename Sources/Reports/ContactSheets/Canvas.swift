import Images

/// A picture being drawn on: rectangles, other pictures and single pixels.
struct Canvas: Sendable {
  /// A colour, 0…255 per channel.
  struct Colour: Sendable, Equatable {
    let red: UInt8
    let green: UInt8
    let blue: UInt8

    static let white = Colour(red: 255, green: 255, blue: 255)
    static let ink = Colour(red: 31, green: 41, blue: 51)
    static let mutedInk = Colour(red: 91, green: 103, blue: 112)
    static let empty = Colour(red: 236, green: 239, blue: 241)
    /// Okabe and Ito's green and vermilion: apart for red-green blind eyes too.
    static let green = Colour(red: 0, green: 158, blue: 115)
    static let red = Colour(red: 213, green: 60, blue: 0)
    static let grey = Colour(red: 170, green: 178, blue: 184)
  }

  private(set) var image: Image

  init(width: Int, height: Int) {
    image = Image(width: width, height: height, red: 255, green: 255, blue: 255)
  }

  /// Fills a rectangle, clipped to the picture.
  mutating func fill(x: Int, y: Int, width: Int, height: Int, colour: Colour) {
    let columns = max(x, 0)..<max(min(x + width, image.width), max(x, 0))
    for row in max(y, 0)..<max(min(y + height, image.height), max(y, 0)) {
      for column in columns {
        let index = (row * image.width + column) * 3
        image.pixels[index] = colour.red
        image.pixels[index + 1] = colour.green
        image.pixels[index + 2] = colour.blue
      }
    }
  }

  /// Mixes a colour into one pixel; pixels outside the picture are ignored.
  mutating func blend(_ colour: Colour, x: Int, y: Int, coverage: Double) {
    guard x >= 0, y >= 0, x < image.width, y < image.height else { return }
    let index = (y * image.width + x) * 3
    func mixed(_ old: UInt8, _ new: UInt8) -> UInt8 {
      UInt8((Double(old) + (Double(new) - Double(old)) * coverage).rounded())
    }
    image.pixels[index] = mixed(image.pixels[index], colour.red)
    image.pixels[index + 1] = mixed(image.pixels[index + 1], colour.green)
    image.pixels[index + 2] = mixed(image.pixels[index + 2], colour.blue)
  }

  /// Copies a picture; `dimmed` draws it pale and grey, as something that does not count.
  ///
  /// - Precondition: the picture fits.
  mutating func draw(_ other: Image, x: Int, y: Int, dimmed: Bool = false) {
    precondition(
      x >= 0 && y >= 0 && x + other.width <= image.width && y + other.height <= image.height,
      "Canvas: \(other.width)×\(other.height) at \(x), \(y) on \(image.width)×\(image.height)")
    let rowBytes = other.width * 3
    for row in 0..<other.height {
      let start = ((y + row) * image.width + x) * 3
      let source = other.pixels[row * rowBytes..<(row + 1) * rowBytes]
      image.pixels.replaceSubrange(start..<start + rowBytes, with: source)
    }
    if dimmed { dim(x: x, y: y, width: other.width, height: other.height) }
  }

  private mutating func dim(x: Int, y: Int, width: Int, height: Int) {
    for row in y..<y + height {
      for column in x..<x + width {
        let index = (row * image.width + column) * 3
        // Whole-number luma of Recommendation ITU-R BT.601; 40 % of it remain above white.
        let luma =
          299 * Int(image.pixels[index]) + 587 * Int(image.pixels[index + 1])
          + 114 * Int(image.pixels[index + 2])
        let pale = UInt8((luma / 1000 * 2 + 255 * 3) / 5)
        image.pixels[index] = pale
        image.pixels[index + 1] = pale
        image.pixels[index + 2] = pale
      }
    }
  }
}
