import Foundation
import Testing

@testable import Reports

/// A reader of event files that shares nothing with the writer but the checksum.
struct EventFile {
  /// One field of a protocol buffer.
  enum Field: Equatable {
    case whole(UInt64)
    case bytes([UInt8])
  }

  /// The events, each as its fields by number.
  var events: [[Int: [Field]]] = []

  init(contentsOf url: URL) throws {
    let bytes = [UInt8](try Data(contentsOf: url))
    var position = 0
    while position < bytes.count {
      let header = Array(bytes[position..<position + 8])
      let length = Int(Self.littleEndian(header))
      let headerCheck = Self.littleEndian(bytes[position + 8..<position + 12])
      try #require(UInt32(headerCheck) == CRC32C.masked(header))
      let payload = Array(bytes[position + 12..<position + 12 + length])
      let end = position + 12 + length
      try #require(
        UInt32(Self.littleEndian(bytes[end..<end + 4])) == CRC32C.masked(payload))
      events.append(try Self.message(payload))
      position = end + 4
    }
  }

  static func message(_ bytes: [UInt8]) throws -> [Int: [Field]] {
    var fields: [Int: [Field]] = [:]
    var position = 0
    func variable() throws -> UInt64 {
      var value: UInt64 = 0
      var shift: UInt64 = 0
      while true {
        let byte = try #require(position < bytes.count ? bytes[position] : nil)
        position += 1
        value |= UInt64(byte & 0x7F) << shift
        shift += 7
        if byte < 0x80 { return value }
      }
    }
    while position < bytes.count {
      let key = try variable()
      let number = Int(key >> 3)
      switch key & 7 {
      case 0: fields[number, default: []].append(.whole(try variable()))
      case 1:
        fields[number, default: []].append(.whole(littleEndian(bytes[position..<position + 8])))
        position += 8
      case 2:
        let length = Int(try variable())
        fields[number, default: []].append(.bytes(Array(bytes[position..<position + length])))
        position += length
      case 5:
        fields[number, default: []].append(.whole(littleEndian(bytes[position..<position + 4])))
        position += 4
      default: Issue.record("wire type \(key & 7)")
      }
    }
    return fields
  }

  static func littleEndian(_ bytes: some Sequence<UInt8>) -> UInt64 {
    bytes.enumerated().reduce(0) { $0 | UInt64($1.element) << (8 * UInt64($1.offset)) }
  }
}

extension [Int: [EventFile.Field]] {
  func whole(_ number: Int) -> UInt64? {
    if case .whole(let value)? = self[number]?.first { value } else { nil }
  }

  func bytes(_ number: Int) -> [UInt8]? {
    if case .bytes(let value)? = self[number]?.first { value } else { nil }
  }

  func text(_ number: Int) -> String? { bytes(number).map { String(decoding: $0, as: UTF8.self) } }
}
