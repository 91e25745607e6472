/// The text of a JSON object in which single values are replaced and all else stays as it is: the order of
/// keys, and numbers such as 1.0, which some readers refuse as 1.
struct JSONObjectText {
  private(set) var bytes: [UInt8]

  /// Takes text that is known to be one JSON object.
  init(_ bytes: [UInt8]) {
    self.bytes = bytes
  }

  /// Replaces the value of a key of the object itself, or adds the key at the end.
  mutating func set(_ key: String, to value: String) {
    let fields = fields()
    if let range = fields.first(where: { $0.key == key })?.value {
      bytes.replaceSubrange(range, with: value.utf8)
    } else if let end = bytes.lastIndex(of: UInt8(ascii: "}")) {
      let comma = fields.isEmpty ? "" : ","
      bytes.insert(contentsOf: "\(comma)\n  \"\(key)\": \(value)\n".utf8, at: end)
    }
  }

  /// The keys of the object with the places of their values.
  private func fields() -> [(key: String, value: Range<Int>)] {
    var found: [(key: String, value: Range<Int>)] = []
    guard var place = bytes.firstIndex(of: UInt8(ascii: "{")).map({ $0 + 1 }) else { return [] }
    while let start = bytes[place...].firstIndex(of: UInt8(ascii: "\"")) {
      let end = endOfString(start)
      guard let colon = bytes[end...].firstIndex(of: UInt8(ascii: ":")),
        let first = bytes[(colon + 1)...].firstIndex(where: { !Self.isSpace($0) })
      else { return found }
      place = endOfValue(first)
      found.append((String(decoding: bytes[(start + 1)..<(end - 1)], as: UTF8.self), first..<place))
    }
    return found
  }

  private static func isSpace(_ byte: UInt8) -> Bool { [9, 10, 13, 32].contains(byte) }

  /// The place behind a string that begins here.
  private func endOfString(_ start: Int) -> Int {
    var place = start + 1
    while place < bytes.count, bytes[place] != UInt8(ascii: "\"") {
      place += bytes[place] == UInt8(ascii: "\\") ? 2 : 1
    }
    return min(place + 1, bytes.count)
  }

  /// The place behind a value that begins here.
  private func endOfValue(_ start: Int) -> Int {
    var (place, depth) = (start, 0)
    while place < bytes.count {
      switch bytes[place] {
      case UInt8(ascii: "\""):
        place = endOfString(place)
        if depth == 0 { return place }
        continue
      case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        // A number or a word ends where the object does.
        if depth == 0 { return place }
        depth -= 1
        if depth == 0 { return place + 1 }
      case UInt8(ascii: ","): if depth == 0 { return place }
      case let byte: if depth == 0, Self.isSpace(byte) { return place }
      }
      place += 1
    }
    return place
  }
}
