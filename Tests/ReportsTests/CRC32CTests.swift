import Testing

@testable import Reports

@Suite struct CRC32CTests {
  /// Test vectors of RFC 3720, appendix B.4, and the common check value of the polynomial.
  private static let vectors: [(bytes: [UInt8], check: UInt32)] = [
    ([UInt8](repeating: 0, count: 32), 0x8A91_36AA),
    ([UInt8](repeating: 0xFF, count: 32), 0x62A8_AB43),
    (Array(0..<32), 0x46DD_794E),
    (Array((0..<32).reversed()), 0x113F_DB5C),
    (Array("123456789".utf8), 0xE306_9283),
    ([], 0),
  ]

  @Test func `known vectors`() {
    for vector in Self.vectors {
      #expect(CRC32C.checksum(vector.bytes) == vector.check)
    }
  }

  @Test func `the mask is reversible and differs from the check`() {
    let check = CRC32C.checksum(Array("foo".utf8))
    let masked = CRC32C.masked(Array("foo".utf8))
    #expect(masked != check)
    let rotated = masked &- 0xA282_EAD8
    #expect(rotated >> 17 | rotated << 15 == check)
  }
}
