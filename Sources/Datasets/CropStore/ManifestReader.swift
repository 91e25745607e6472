import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Reads the rows of a manifest one by one through a small buffer, whatever the file's size.
///
/// Fields are handed out as byte ranges and parsed in place: a million rows take seconds, not
/// minutes, and no memory beyond the buffer.
struct ManifestReader: ~Copyable {
  private let descriptor: Int32
  private var remaining: Int
  private var buffer: [UInt8] = []
  private var position = 0
  private var fields: [Range<Int>] = []
  private static let chunk = 1 << 20

  /// Opens a manifest; bytes beyond `length` are not read.
  init(path: String, length: Int) throws(DatasetError) {
    descriptor = open(path, O_RDONLY | O_CLOEXEC)
    remaining = length
    guard descriptor >= 0 else {
      throw DatasetError.cannotRead(path: path, reason: systemReason())
    }
  }

  deinit { _ = posixClose(descriptor) }

  /// Number of fields in the current row.
  var fieldCount: Int { fields.count }

  /// Moves to the next row; false at the end of the file.
  mutating func advance() -> Bool {
    while true {
      if let end = scanRow() {
        position = end
        return true
      }
      guard refill() else {
        fields.removeAll(keepingCapacity: true)
        return false
      }
    }
  }

  /// The text of a field, without its quotes.
  func text(_ field: Int) -> String {
    let range = fields[field]
    guard range.count >= 2, buffer[range.lowerBound] == 34 else {
      return String(decoding: buffer[range], as: UTF8.self)
    }
    var bytes: [UInt8] = []
    var index = range.lowerBound + 1
    while index < range.upperBound - 1 {
      bytes.append(buffer[index])
      index += buffer[index] == 34 ? 2 : 1
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// True if the field's raw bytes, quotes included, are the given ones.
  func equals(_ field: Int, _ bytes: [UInt8]) -> Bool {
    let range = fields[field]
    guard range.count == bytes.count else { return false }
    return buffer.withUnsafeBufferPointer { buffer in
      bytes.withUnsafeBufferPointer { bytes in
        for index in 0..<bytes.count where buffer[range.lowerBound + index] != bytes[index] {
          return false
        }
        return true
      }
    }
  }

  /// The raw bytes of a field, quotes included.
  func bytes(_ field: Int) -> [UInt8] { [UInt8](buffer[fields[field]]) }

  /// True if the field holds nothing.
  func isEmpty(_ field: Int) -> Bool { fields[field].isEmpty }

  /// The field as a whole number.
  func integer(_ field: Int) -> Int? {
    let range = fields[field]
    return buffer.withUnsafeBufferPointer { buffer in
      var index = range.lowerBound
      let isNegative = index < range.upperBound && buffer[index] == 45
      if isNegative { index += 1 }
      // Eighteen digits cannot overflow; nothing that a store writes is longer.
      guard index < range.upperBound, range.upperBound - index <= 18 else {
        return Int(String(decoding: buffer[range], as: UTF8.self))
      }
      var value = 0
      while index < range.upperBound {
        let digit = Int(buffer[index]) - 48
        guard (0...9).contains(digit) else { return nil }
        value = value * 10 + digit
        index += 1
      }
      return isNegative ? -value : value
    }
  }

  /// The field as a number, exactly as `Double` would read it.
  func number(_ field: Int) -> Double? {
    let range = fields[field]
    let quick: Double? = buffer.withUnsafeBufferPointer { buffer in
      var index = range.lowerBound
      let isNegative = index < range.upperBound && buffer[index] == 45
      if isNegative { index += 1 }
      let start = index
      var mantissa = 0
      var decimals = 0
      var seenPoint = false
      // Digits up to 2^53 over a power of ten up to 10^22 round correctly in one division
      // (Clinger 1990); anything else goes to the library below.
      guard range.upperBound - start <= 16 else { return nil }
      while index < range.upperBound {
        let byte = buffer[index]
        if byte == 46, !seenPoint {
          seenPoint = true
        } else if (48...57).contains(byte) {
          mantissa = mantissa * 10 + Int(byte) - 48
          if seenPoint { decimals += 1 }
        } else {
          return nil
        }
        index += 1
      }
      guard index - start > (seenPoint ? 1 : 0), mantissa <= 1 << 53 else { return nil }
      let value = Double(mantissa) / Self.powersOfTen[decimals]
      return isNegative ? -value : value
    }
    return quick ?? Double(String(decoding: buffer[range], as: UTF8.self))
  }

  private static let powersOfTen: [Double] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
  ]

  /// Splits the row at `position`; returns where the next one starts, nil if the row is cut off.
  private mutating func scanRow() -> Int? {
    fields.removeAll(keepingCapacity: true)
    let count = buffer.count
    var start = position
    var index = position
    var inQuotes = false
    var end: Int?
    buffer.withUnsafeBufferPointer { buffer in
      while index < count {
        let byte = buffer[index]
        if byte == 34 {
          inQuotes.toggle()
        } else if !inQuotes, byte == 44 || byte == 10 {
          fields.append(start..<index)
          start = index + 1
          if byte == 10 {
            end = start
            return
          }
        }
        index += 1
      }
    }
    return end
  }

  /// Drops what is consumed and reads on; false when nothing is left to read.
  private mutating func refill() -> Bool {
    buffer.removeFirst(position)
    position = 0
    let wanted = min(Self.chunk, remaining)
    guard wanted > 0 else { return false }
    let old = buffer.count
    buffer.append(contentsOf: repeatElement(0, count: wanted))
    let descriptor = descriptor
    let got = buffer.withUnsafeMutableBytes { bytes in
      read(descriptor, bytes.baseAddress.map { $0 + old }, wanted)
    }
    buffer.removeLast(wanted - max(got, 0))
    remaining -= max(got, 0)
    return got > 0
  }
}
