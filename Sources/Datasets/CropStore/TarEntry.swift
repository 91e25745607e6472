/// The header of one file in a POSIX `ustar` archive.
///
/// Only what a crop store needs: plain files with short names. Owner, group, mode and date are
/// fixed, so that equal crops give equal bytes.
/// **Source**: IEEE Std 1003.1-2001, pax, "ustar Interchange Format".
struct TarEntry: Equatable {
  /// Size of a header, and the unit that contents are padded to.
  static let blockSize = 512

  /// File name, at most 100 ASCII bytes.
  var name: String
  /// Size of the content in bytes.
  var size: Int

  /// The header block: 512 bytes.
  var header: [UInt8] {
    precondition(
      name.utf8.count <= 100 && size >= 0 && size < 1 << 33,
      "TarEntry: a name of \(name.utf8.count) bytes and \(size) bytes do not fit a ustar header")
    var block = [UInt8](repeating: 0, count: Self.blockSize)
    func put(_ text: String, at offset: Int) {
      block.replaceSubrange(offset..<(offset + text.utf8.count), with: text.utf8)
    }
    func octal(_ value: Int, digits: Int) -> String {
      let text = String(value, radix: 8)
      return String(repeating: "0", count: digits - text.count) + text
    }
    put(name, at: 0)
    put(octal(0o644, digits: 7), at: 100)
    put(octal(0, digits: 7), at: 108)
    put(octal(0, digits: 7), at: 116)
    put(octal(size, digits: 11), at: 124)
    put(octal(0, digits: 11), at: 136)
    put("        ", at: 148)
    put("0", at: 156)
    put("ustar\u{0}00", at: 257)
    put(octal(0, digits: 7), at: 329)
    put(octal(0, digits: 7), at: 337)
    // The sum is taken with its own field blank, and written as six digits, NUL, space.
    put(octal(Self.checksum(block[...]), digits: 6) + "\u{0} ", at: 148)
    return block
  }

  /// Zeros that fill up the last block of a content of `size` bytes.
  static func padding(after size: Int) -> Int { (blockSize - size % blockSize) % blockSize }

  /// Makes a header from its fields.
  init(name: String, size: Int) {
    self.name = name
    self.size = size
  }

  /// Reads a header block; nil if it is none, or if its checksum is wrong.
  init?(_ block: ArraySlice<UInt8>) {
    guard block.count == Self.blockSize else { return nil }
    let start = block.startIndex
    func field(_ offset: Int, _ length: Int) -> ArraySlice<UInt8> {
      block[(start + offset)..<(start + offset + length)].prefix { $0 != 0 }
    }
    func octal(_ offset: Int, _ length: Int) -> Int? {
      let digits = field(offset, length).drop { $0 == 32 }.prefix { $0 != 32 }
      return Int(String(decoding: digits, as: UTF8.self), radix: 8)
    }
    guard field(257, 6).elementsEqual("ustar".utf8), let size = octal(124, 12), size >= 0,
      octal(148, 8) == Self.checksum(block)
    else { return nil }
    self.init(name: String(decoding: field(0, 100), as: UTF8.self), size: size)
  }

  private static func checksum(_ block: ArraySlice<UInt8>) -> Int {
    let start = block.startIndex
    return block.indices.reduce(0) { sum, index in
      sum + ((148..<156).contains(index - start) ? 32 : Int(block[index]))
    }
  }
}
