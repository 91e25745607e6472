/// Reads the JSON header of a safetensors file.
///
/// A parser of its own because the rules ask for what general JSON readers hide: duplicate names,
/// the exact integers of sizes, and the byte where a header goes wrong. It accepts only the two
/// levels a header has, so nesting cannot exhaust the stack.
struct SafetensorsHeaderParser {
  /// One tensor as stated, before its numbers are checked against each other.
  struct Statement {
    let name: String
    let type: String
    let shape: [Int]
    let begin: Int
    let end: Int
  }

  /// Why the header is refused, and where.
  struct Refusal: Error {
    let byte: Int
    let reason: String
    /// The name given twice, for that reason only.
    var duplicate: String?
  }

  private let bytes: [UInt8]
  private var position = 0
  private(set) var metadata: [String: String] = [:]
  private(set) var statements: [Statement] = []

  /// Parses a whole header.
  init(_ header: [UInt8]) throws(Refusal) {
    bytes = header
    // Stricter than JSON: the format asks for the brace in the first byte.
    guard bytes.first == UInt8(ascii: "{") else { throw refusal("it must start with \"{\"") }
    var names: Set<String> = []
    var hasMetadata = false
    try parseObject { (parser, key, start) throws(Refusal) in
      if key == "__metadata__" {
        guard !hasMetadata else { throw Refusal(byte: start, reason: "", duplicate: key) }
        hasMetadata = true
        try parser.parseMetadata()
      } else {
        guard names.insert(key).inserted else {
          throw Refusal(byte: start, reason: "", duplicate: key)
        }
        try parser.parseTensor(named: key)
      }
    }
    skipWhitespace()
    guard position == bytes.count else { throw refusal("text follows the closing brace") }
  }

  private mutating func parseMetadata() throws(Refusal) {
    try parseObject { (parser, key, start) throws(Refusal) in
      let value = try parser.parseString()
      guard parser.metadata.updateValue(value, forKey: key) == nil else {
        throw Refusal(byte: start, reason: "the metadata key \"\(key)\" is given twice")
      }
    }
  }

  private mutating func parseTensor(named name: String) throws(Refusal) {
    var type: String?
    var shape: [Int]?
    var offsets: [Int]?
    let begin = position
    try parseObject { (parser, key, start) throws(Refusal) in
      switch key {
      case "dtype" where type == nil: type = try parser.parseString()
      case "shape" where shape == nil: shape = try parser.parseIntegers()
      case "data_offsets" where offsets == nil: offsets = try parser.parseIntegers()
      default:
        throw Refusal(
          byte: start, reason: "the tensor \"\(name)\" has an unexpected key \"\(key)\"")
      }
    }
    guard let type, let shape, let offsets else {
      throw Refusal(
        byte: begin, reason: "the tensor \"\(name)\" lacks dtype, shape or data_offsets")
    }
    guard offsets.count == 2, offsets[0] <= offsets[1] else {
      throw Refusal(
        byte: begin, reason: "the tensor \"\(name)\" has data_offsets that are no byte range")
    }
    statements.append(
      Statement(name: name, type: type, shape: shape, begin: offsets[0], end: offsets[1]))
  }

  /// Parses `{"key": …, …}`, leaving the value after each colon to `body`.
  private mutating func parseObject(
    _ body: (inout SafetensorsHeaderParser, String, Int) throws(Refusal) -> Void
  ) throws(Refusal) {
    try expect("{")
    if accept("}") { return }
    repeat {
      skipWhitespace()
      let start = position
      let key = try parseString()
      try expect(":")
      try body(&self, key, start)
    } while accept(",")
    try expect("}")
  }

  private mutating func parseIntegers() throws(Refusal) -> [Int] {
    try expect("[")
    if accept("]") { return [] }
    var values: [Int] = []
    repeat { values.append(try parseInteger()) } while accept(",")
    try expect("]")
    return values
  }

  private mutating func parseInteger() throws(Refusal) -> Int {
    skipWhitespace()
    let start = position
    var value = 0
    while position < bytes.count, case UInt8(ascii: "0")...UInt8(ascii: "9") = bytes[position] {
      let digit = Int(bytes[position] - UInt8(ascii: "0"))
      let (tens, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = tens.addingReportingOverflow(digit)
      guard !overflow, !carry else { throw refusal("the number is too large") }
      value = sum
      position += 1
    }
    guard position > start else { throw refusal("a whole number of at least 0 is needed") }
    // JSON knows no leading zeros; the reference refuses them too.
    guard position == start + 1 || bytes[start] != UInt8(ascii: "0") else {
      throw Refusal(byte: start, reason: "a number starts with 0")
    }
    return value
  }

  private mutating func parseString() throws(Refusal) -> String {
    try expect("\"")
    var text: [UInt8] = []
    let start = position
    while position < bytes.count {
      let byte = bytes[position]
      position += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard let string = String(validating: text, as: UTF8.self) else {
          throw Refusal(byte: start, reason: "the text is not UTF-8")
        }
        return string
      case UInt8(ascii: "\\"):
        text.append(contentsOf: try parseEscape())
      case 0..<0x20:
        throw Refusal(byte: position - 1, reason: "a control character stands in a text")
      default:
        text.append(byte)
      }
    }
    throw Refusal(byte: start, reason: "a text is not closed")
  }

  private mutating func parseEscape() throws(Refusal) -> [UInt8] {
    guard position < bytes.count else { throw refusal("a text is not closed") }
    let byte = bytes[position]
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
    case UInt8(ascii: "b"): return [0x08]
    case UInt8(ascii: "f"): return [0x0c]
    case UInt8(ascii: "n"): return [0x0a]
    case UInt8(ascii: "r"): return [0x0d]
    case UInt8(ascii: "t"): return [0x09]
    case UInt8(ascii: "u"): return try parseUnicodeEscape()
    default: throw Refusal(byte: position - 1, reason: "an unknown escape stands in a text")
    }
  }

  private mutating func parseUnicodeEscape() throws(Refusal) -> [UInt8] {
    let start = position
    var code = try parseFourHexDigits()
    if (0xd800..<0xdc00).contains(code) {
      guard position + 1 < bytes.count, bytes[position] == UInt8(ascii: "\\"),
        bytes[position + 1] == UInt8(ascii: "u")
      else { throw Refusal(byte: start, reason: "half of a surrogate pair is missing") }
      position += 2
      let low = try parseFourHexDigits()
      guard (0xdc00..<0xe000).contains(low) else {
        throw Refusal(byte: start, reason: "half of a surrogate pair is missing")
      }
      code = 0x10000 + (code - 0xd800) << 10 + (low - 0xdc00)
    }
    guard let scalar = Unicode.Scalar(code) else {
      throw Refusal(byte: start, reason: "half of a surrogate pair is missing")
    }
    return Array(String(scalar).utf8)
  }

  private mutating func parseFourHexDigits() throws(Refusal) -> UInt32 {
    guard bytes.count - position >= 4 else { throw refusal("four hexadecimal digits are needed") }
    var code: UInt32 = 0
    for byte in bytes[position..<position + 4] {
      guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue, byte < 0x80 else {
        throw refusal("four hexadecimal digits are needed")
      }
      code = code << 4 | UInt32(digit)
    }
    position += 4
    return code
  }

  private mutating func skipWhitespace() {
    while position < bytes.count, [0x20, 0x09, 0x0a, 0x0d].contains(bytes[position]) {
      position += 1
    }
  }

  private mutating func accept(_ character: Unicode.Scalar) -> Bool {
    skipWhitespace()
    guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private mutating func expect(_ character: Unicode.Scalar) throws(Refusal) {
    guard accept(character) else { throw refusal("\"\(character)\" is needed") }
  }

  private func refusal(_ reason: String) -> Refusal { Refusal(byte: position, reason: reason) }
}
