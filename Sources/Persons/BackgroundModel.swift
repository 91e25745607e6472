import CVision
import Images

/// The picture of a scene without its people, in 8-bit CIELAB planes.
struct BackgroundModel: Sendable {
  let width: Int
  let height: Int
  /// The median picture itself.
  let picture: Image

  private let lightness: [UInt8]
  private let a: [UInt8]
  private let b: [UInt8]
  private let table: [Int32]

  /// Takes the median per pixel and channel.
  init(medianOf frames: [Image]) throws(DetectionError) {
    guard let first = frames.first else { throw .noFrames }
    for frame in frames where frame.width != first.width || frame.height != first.height {
      throw .mixedSizes(
        width: first.width, height: first.height, otherWidth: frame.width,
        otherHeight: frame.height)
    }
    width = first.width
    height = first.height
    var table = [Int32](repeating: 0, count: Int(CVISION_LAB_TABLE_COUNT))
    cvision_make_lab_table(&table)
    self.table = table
    let median = Self.median(of: frames)
    let planes = Self.lab(of: median, table: table)
    (lightness, a, b) = planes
    picture = Image(width: width, height: height, pixels: median)
  }

  /// The pixels of a frame of the same size that differ from the background.
  func foreground(of frame: Image, lightnessLimit: Int, colourLimit: Int) -> BitMask {
    precondition(
      frame.width == width && frame.height == height,
      "BackgroundModel: frame \(frame.width)×\(frame.height), background \(width)×\(height)")
    var mask = BitMask(width: width, height: height)
    mask.words.withUnsafeMutableBufferPointer {
      cvision_foreground(
        table, frame.pixels, width, height, lightness, a, b, Int32(lightnessLimit),
        Int32(colourLimit), $0.baseAddress)
    }
    return mask
  }

  static func lab(
    of pixels: [UInt8], table: [Int32]
  ) -> (lightness: [UInt8], a: [UInt8], b: [UInt8]) {
    let count = pixels.count / 3
    var lightness = [UInt8](repeating: 0, count: count)
    var a = lightness
    var b = lightness
    cvision_lab(table, pixels, count, &lightness, &a, &b)
    return (lightness, a, b)
  }

  /// At most 255 frames are used, since the kernel counts in bytes.
  static func median(of frames: [Image]) -> [UInt8] {
    let used = frames.prefix(255)
    var result = [UInt8](repeating: 0, count: used.first?.pixels.count ?? 0)
    // The kernel takes an array of pointers; nesting pins every picture while it runs.
    func pin(_ index: Int, _ pointers: [UnsafePointer<UInt8>?]) {
      guard index < used.count else {
        cvision_median(pointers, Int32(used.count), result.count, &result)
        return
      }
      used[used.startIndex + index].pixels.withUnsafeBufferPointer {
        pin(index + 1, pointers + [$0.baseAddress])
      }
    }
    pin(0, [])
    return result
  }
}
