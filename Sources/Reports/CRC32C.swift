/// The Castagnoli cyclic redundancy check that frames the records of an event file.
///
/// **Source**: RFC 3720, appendix B.4 (polynomial 0x1EDC6F41, here in reflected form); the mask is
/// TensorFlow's, in `tensorflow/core/lib/hash/crc32c.h`.
enum CRC32C {
  private static let table: [UInt32] = (0..<256).map { byte in
    (0..<8).reduce(UInt32(byte)) { value, _ in
      value & 1 == 1 ? value >> 1 ^ 0x82F6_3B78 : value >> 1
    }
  }

  /// The check of some bytes.
  static func checksum(_ bytes: [UInt8]) -> UInt32 {
    var value = UInt32.max
    table.withUnsafeBufferPointer { table in
      for byte in bytes {
        value = table[Int(UInt8(truncatingIfNeeded: value) ^ byte)] ^ value >> 8
      }
    }
    return ~value
  }

  /// The check as stored: rotated and shifted, so that a file holding checks can itself be checked.
  static func masked(_ bytes: [UInt8]) -> UInt32 {
    let value = checksum(bytes)
    return (value >> 15 | value << 17) &+ 0xA282_EAD8
  }
}
