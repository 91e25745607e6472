/// The checked header of a safetensors file, and the bytes of a header to write.
struct SafetensorsHeader {
  /// The largest header the format allows, in bytes.
  static let limit = 100_000_000

  let metadata: [String: String]
  /// The tensors in the order of their bytes.
  let tensors: [SafetensorsFile.Entry]

  /// Parses a header and checks every rule of the format against the size of the data.
  ///
  /// - Parameters:
  ///   - bytes: the header without its length.
  ///   - dataSize: the bytes of the file after the header.
  ///   - path: the file, for messages.
  init(bytes: [UInt8], dataSize: Int, path: String) throws(SafetensorsError) {
    let parser: SafetensorsHeaderParser
    do {
      parser = try SafetensorsHeaderParser(bytes)
    } catch {
      if let name = error.duplicate { throw .duplicateName(path: path, name: name) }
      throw .malformedHeader(path: path, byte: error.byte, reason: error.reason)
    }
    var entries: [SafetensorsFile.Entry] = []
    entries.reserveCapacity(parser.statements.count)
    for statement in parser.statements {
      guard let type = SafetensorsType(rawValue: statement.type) else {
        throw .unknownType(path: path, name: statement.name, type: statement.type)
      }
      guard let needed = type.byteCount(shape: statement.shape) else {
        throw .impossibleSize(
          path: path, name: statement.name, type: type.rawValue, shape: statement.shape)
      }
      guard statement.end - statement.begin == needed else {
        throw .sizeMismatch(
          path: path, name: statement.name, range: statement.end - statement.begin,
          shape: statement.shape, needed: needed)
      }
      entries.append(
        SafetensorsFile.Entry(
          name: statement.name, type: type, shape: statement.shape, begin: statement.begin,
          end: statement.end))
    }
    // Empty tensors share their offset with the next one, so both ends decide the order.
    entries.sort { ($0.begin, $0.end) < ($1.begin, $1.end) }
    var end = 0
    var previous = ""
    for entry in entries {
      guard entry.begin >= end else {
        throw .overlap(path: path, first: previous, second: entry.name)
      }
      guard entry.begin == end else {
        throw .gap(path: path, before: entry.name, bytes: entry.begin - end)
      }
      end = entry.end
      previous = entry.name
    }
    let (needed, overflow) = end.addingReportingOverflow(8 + bytes.count)
    guard !overflow, end <= dataSize else {
      throw .truncated(
        path: path, size: dataSize + 8 + bytes.count, needed: overflow ? Int.max : needed)
    }
    guard end == dataSize else { throw .trailingBytes(path: path, bytes: dataSize - end) }
    metadata = parser.metadata
    tensors = entries
  }

  /// The length and JSON of a header whose tensors lie one after another in the given order.
  ///
  /// Padded with spaces so that the data starts at a multiple of eight bytes.
  static func bytes(
    for tensors: [(name: String, type: SafetensorsType, shape: [Int], byteCount: Int)],
    metadata: [String: String]
  ) -> [UInt8] {
    var members: [String] = []
    if !metadata.isEmpty {
      let pairs = metadata.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        .map { quoted($0.key) + ":" + quoted($0.value) }
      members.append("\"__metadata__\":{" + pairs.joined(separator: ",") + "}")
    }
    var begin = 0
    for tensor in tensors {
      let shape = tensor.shape.map(String.init).joined(separator: ",")
      members.append(
        quoted(tensor.name) + ":{\"dtype\":\"\(tensor.type.rawValue)\",\"shape\":[\(shape)],"
          + "\"data_offsets\":[\(begin),\(begin + tensor.byteCount)]}")
      begin += tensor.byteCount
    }
    var json = Array(("{" + members.joined(separator: ",") + "}").utf8)
    json.append(contentsOf: [UInt8](repeating: 0x20, count: (8 - json.count % 8) % 8))
    return withUnsafeBytes(of: UInt64(json.count).littleEndian, Array.init) + json
  }

  /// A JSON text with the escapes the reference implementation writes.
  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\u{8}": result += "\\b"
      case "\u{c}": result += "\\f"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      default:
        if scalar.value < 0x20 {
          result += "\\u00" + (scalar.value < 0x10 ? "0" : "") + String(scalar.value, radix: 16)
        } else {
          result.unicodeScalars.append(scalar)
        }
      }
    }
    return result + "\""
  }
}
