import Foundation
import Images
import Testing

@Suite struct DamagedFileTests {
  /// The formats whose end is marked or whose size is known, so that a missing tail shows.
  @Test(arguments: [
    "plain.jpg", "progressive.jpg", "restarts.jpg", "grey.jpg", "cmyk.jpg", "subsampled-none.jpg",
    "plain.png", "interlaced.png", "deep.png", "palette.png", "plain.bmp", "plain.ppm",
    "plain.tiff", "lzw.tiff", "lossless.webp", "lossy.webp", "plain.gif",
  ])
  func `a file cut short is an error`(name: String) throws {
    let bytes = try Goldens.bytes(name)
    for kept in [1, 2, 3, 5, 8, bytes.count / 3, bytes.count / 2, bytes.count * 9 / 10] {
      let error = #expect(throws: ImageError.self) {
        try Image(decoding: Array(bytes.prefix(kept)), name: name)
      }
      #expect(error?.description.contains(name) == true)
    }
  }

  @Test(arguments: ["plain.jpg", "progressive.jpg", "plain.png", "interlaced.png"])
  func `no proper beginning of a file decodes`(name: String) throws {
    let bytes = try Goldens.bytes(name)
    for kept in 0..<bytes.count {
      #expect(throws: ImageError.self) {
        try Image(decoding: Array(bytes.prefix(kept)), name: name)
      }
    }
  }

  @Test(arguments: [
    "plain.jpg", "progressive.jpg", "cmyk.jpg", "orientation-6.jpg", "plain.png", "interlaced.png",
    "palette-alpha.png", "deep-alpha.png", "plain.bmp", "plain.pgm", "lzw.tiff", "lossy.webp",
    "lossless.webp", "animated.gif",
  ])
  func `changed bytes give a picture or an error`(name: String) throws {
    let bytes = try Goldens.bytes(name)
    var random = SplitMix(seed: UInt64(bytes.count))
    var errors = 0
    for round in 0..<1000 {
      var changed = bytes
      for _ in 0...(round % 4) {
        let index = Int(random.next() % UInt64(changed.count))
        changed[index] = UInt8(truncatingIfNeeded: random.next())
      }
      if round % 10 == 9 { changed.removeLast(Int(random.next() % UInt64(changed.count))) }
      do {
        let image = try Image(decoding: changed, name: name)
        #expect(image.pixels.count == image.width * image.height * 3)
      } catch {
        #expect(!error.description.isEmpty)
        errors += 1
      }
    }
    #expect(errors > 0)
  }

  @Test func `a JPEG with a bad code is an error, not a grey picture`() throws {
    let bytes = try Goldens.bytes("plain.jpg")
    let start = try #require(bytes.indices.last { bytes[$0] == 0xDA && bytes[$0 - 1] == 0xFF })
    var broken = bytes
    // The end-of-image marker in the middle of the pixels.
    broken.replaceSubrange(start + 60..<start + 62, with: [0xFF, 0xD9])
    let error = #expect(throws: ImageError.self) { try Image(decoding: broken, name: "x.jpg") }
    guard case .corrupt(_, "JPEG", let reason) = error else {
      Issue.record("unexpected \(String(describing: error))")
      return
    }
    #expect(reason.lowercased().contains("premature end"))
  }

  @Test func `a PNG with an impossible size is refused before it takes memory`() throws {
    let bytes = try withSize(20_000, 10_000, pngNamed: "plain.png")
    let error = #expect(throws: ImageError.self) { try Image(decoding: bytes, name: "huge.png") }
    #expect(error?.description.contains("too short for 20000 by 10000 pixels") == true)
  }

  @Test func `a picture above the limit is named with its size`() throws {
    // Long enough to hold 20,000 × 20,000 black or white pixels.
    let padding = [UInt8](repeating: 0, count: 60_000)
    let png = try withSize(20_000, 20_000, pngNamed: "black-and-white.png") + padding
    #expect(throws: ImageError.tooLarge(name: "huge.png", width: 20_000, height: 20_000)) {
      try Image(decoding: png, name: "huge.png")
    }
    var bmp = try Goldens.bytes("plain.bmp")
    bmp.replaceSubrange(18..<26, with: [0, 0x80, 0, 0, 0, 0x40, 0, 0])
    // FFmpeg refuses such a size by itself.
    #expect(throws: ImageError.self) { try Image(decoding: bmp, name: "huge.bmp") }
  }

  @Test(arguments: [
    [], Array("just some text\n".utf8), [UInt8](repeating: 0, count: 5000),
    Array("#EXTM3U\n#EXTINF:1,\n/etc/passwd\n".utf8),
    Array("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"4\" height=\"4\"/>".utf8),
  ])
  func `other files are no pictures`(bytes: [UInt8]) {
    #expect(throws: ImageError.unrecognized(name: "other")) {
      try Image(decoding: bytes, name: "other")
    }
  }

  @Test func `files that cannot be read say why`() throws {
    let folder = try TemporaryFolder()
    let missing = folder.url.appendingPathComponent("missing.jpg")
    let absent = #expect(throws: ImageError.self) { try Image(contentsOf: missing) }
    #expect(absent?.description.contains(missing.path) == true)
    #expect(absent?.description.contains("No such file") == true)
    let directory = #expect(throws: ImageError.self) { try Image(contentsOf: folder.url) }
    #expect(directory?.description.contains("folder") == true)
    let device = #expect(throws: ImageError.self) {
      try Image(contentsOf: URL(fileURLWithPath: "/dev/zero"))
    }
    #expect(device?.description.contains("not a regular file") == true)
  }

  /// The bytes of a PNG whose header claims another size.
  private func withSize(_ width: Int, _ height: Int, pngNamed name: String) throws -> [UInt8] {
    func number(_ value: Int) -> [UInt8] {
      (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) }
    }
    var bytes = try Goldens.bytes(name)
    bytes.replaceSubrange(16..<24, with: number(width) + number(height))
    bytes.replaceSubrange(29..<33, with: number(Int(crc32(bytes[12..<29]))))
    return bytes
  }

  private func crc32(_ bytes: ArraySlice<UInt8>) -> UInt32 {
    var value: UInt32 = 0xFFFF_FFFF
    for byte in bytes {
      value ^= UInt32(byte)
      for _ in 0..<8 { value = value >> 1 ^ (value & 1 == 1 ? 0xEDB8_8320 : 0) }
    }
    return ~value
  }
}
