import Foundation
import Images
import Testing

@Suite struct DecodingTests {
  @Test(arguments: try Goldens.load().decoding)
  func `decodes as recorded`(golden: Goldens.Decoding) throws {
    let image = try Image(contentsOf: Goldens.url(golden.file))
    #expect(image.width == golden.width)
    #expect(image.height == golden.height)
    try #require(image.pixels.count == golden.pixels.count)
    let off = difference(image.pixels, golden.pixels)
    #expect(off.largest <= golden.tolerance)
    if let limit = golden.meanTolerance { #expect(off.mean <= limit) }
  }

  @Test func `the content decides, not the name`() throws {
    let folder = try TemporaryFolder()
    let url = folder.url.appendingPathComponent("really a png.jpg")
    try Data(Goldens.bytes("plain.png")).write(to: url)
    #expect(try Image(contentsOf: url) == Image(contentsOf: Goldens.url("plain.png")))
  }

  @Test(arguments: ["with space.png", "größe 日本語 🙂.png", "percent %20 # ?.png", "-dash.png"])
  func `odd file names work`(name: String) throws {
    let folder = try TemporaryFolder()
    let url = folder.url.appendingPathComponent(name)
    let image = Image(width: 5, height: 3, red: 10, green: 200, blue: 77)
    try image.write(to: url)
    #expect(try Image(contentsOf: url) == image)
  }

  @Test(arguments: [
    (0, 0, 160, 96), (160, 96, 160, 96), (81, 0, 160, 96), (80, 0, 80, 48), (80, 49, 160, 96),
    (40, 24, 40, 24), (0, 13, 40, 24), (1, 1, 20, 12), (1000, 1000, 160, 96),
  ])
  func `a large JPEG decodes no smaller than asked`(
    minimumWidth: Int, minimumHeight: Int, width: Int, height: Int
  ) throws {
    let bytes = try gradient(width: 160, height: 96).encodedJPEG()
    let image = try Image(
      decoding: bytes, name: "memory", minimumWidth: minimumWidth, minimumHeight: minimumHeight)
    #expect(image.width == width)
    #expect(image.height == height)
    // The scaled decode shows the same picture as a full decode made small.
    let full = try Image(decoding: bytes, name: "memory").resized(width: width, height: height)
    #expect(difference(image.pixels, Data(full.pixels)).mean < 2)
  }

  @Test func `minima count in the upright picture`() throws {
    // The tag turns 160×96 by a quarter, so half of it is 48×80 and 60 columns do not fit.
    let bytes = try withOrientation(6, gradient(width: 160, height: 96).encodedJPEG())
    let half = try Image(decoding: bytes, name: "memory", minimumWidth: 48, minimumHeight: 80)
    #expect(half.width == 48)
    #expect(half.height == 80)
    let full = try Image(decoding: bytes, name: "memory", minimumWidth: 60, minimumHeight: 80)
    #expect(full.width == 96)
    #expect(full.height == 160)
  }

  @Test(arguments: [
    tiffBlock(isLittle: true, type: 3, value: 6), tiffBlock(isLittle: false, type: 3, value: 6),
    tiffBlock(isLittle: true, type: 4, value: 6), tiffBlock(isLittle: false, type: 4, value: 6),
  ])
  func `both byte orders and both number sizes of the tag work`(block: [UInt8]) throws {
    let bytes = try withExif(block, Goldens.bytes("plain.jpg"))
    let image = try Image(decoding: bytes, name: "memory")
    #expect(image.width == 19)
    #expect(image.height == 29)
  }

  @Test func `a damaged EXIF block leaves the picture as it is`() throws {
    let plain = try Image(contentsOf: Goldens.url("plain.jpg"))
    var random = SplitMix(seed: 4)
    let block = tiffBlock(isLittle: true, type: 3, value: 0)
    var turned = 0
    for round in 0..<300 {
      var broken = Array(block.prefix(round % 7 == 0 ? Int(random.next() % 26) : block.count))
      if !broken.isEmpty {
        broken[Int(random.next() % UInt64(broken.count))] = UInt8(truncatingIfNeeded: random.next())
      }
      let bytes = try withExif(broken, Goldens.bytes("plain.jpg"))
      let image = try Image(decoding: bytes, name: "memory")
      // One changed byte can make the value 1…8, and then the picture may turn.
      if image != plain { turned += 1 }
      #expect(image.pixels.count == plain.pixels.count)
    }
    #expect(turned < 10)
  }

  @Test func `an orientation outside 1…8 is ignored`() throws {
    let plain = try Image(contentsOf: Goldens.url("plain.jpg"))
    for value in [0, 9, 255] {
      let bytes = try withOrientation(value, Goldens.bytes("plain.jpg"))
      #expect(try Image(decoding: bytes, name: "memory") == plain)
    }
  }
}

/// A picture whose channels grow to the right, downwards and along the diagonal.
func gradient(width: Int, height: Int) -> Image {
  var image = Image(width: width, height: height)
  for y in 0..<height {
    for x in 0..<width {
      let start = (y * width + x) * 3
      image.pixels[start] = UInt8(x * 255 / max(width - 1, 1))
      image.pixels[start + 1] = UInt8(y * 255 / max(height - 1, 1))
      image.pixels[start + 2] = UInt8((x + y) * 255 / max(width + height - 2, 1))
    }
  }
  return image
}

/// A TIFF block with one entry, the orientation.
func tiffBlock(isLittle: Bool, type: Int, value: Int) -> [UInt8] {
  func number(_ value: Int, _ count: Int) -> [UInt8] {
    let bytes = (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    return isLittle ? bytes : bytes.reversed()
  }
  let field = type == 4 ? number(value, 4) : number(value, 2) + [0, 0]
  return (isLittle ? [0x49, 0x49] : [0x4D, 0x4D]) + number(42, 2) + number(8, 4) + number(1, 2)
    + number(0x0112, 2) + number(type, 2) + number(1, 4) + field + number(0, 4)
}

/// A JPEG with a TIFF block in an EXIF marker right after its start.
func withExif(_ block: [UInt8], _ jpeg: [UInt8]) -> [UInt8] {
  let size = block.count + 8
  return Array(jpeg[..<2]) + [0xFF, 0xE1, UInt8(size >> 8), UInt8(size & 255)]
    + Array("Exif".utf8) + [0, 0] + block + jpeg[2...]
}

func withOrientation(_ value: Int, _ jpeg: [UInt8]) throws -> [UInt8] {
  withExif(tiffBlock(isLittle: true, type: 3, value: value), jpeg)
}
