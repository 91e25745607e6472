import Foundation

/// Reads the small part of Python's pickle format that lists of pictures use.
///
/// A pickle is a program that may call anything. This reader knows the instructions that build lists,
/// strings and numpy arrays of bytes, calls nothing, and refuses every other instruction and every name
/// outside of ``allowed``.
/// **Source**: the comments of Python's `pickletools.py`, protocols 0 to 5.
struct PickleReader {
  /// Names that may occur, without the parts of numpy's module path that changed over the years.
  static let allowed: Set<String> = [
    "numpy _reconstruct", "numpy ndarray", "numpy dtype", "numpy _frombuffer", "numpy frombuffer",
    "numpy scalar", "_codecs encode",
  ]

  private let data: Data
  private let path: String
  private var place = 0
  private var stack: [PickleValue] = []
  private var memory: [Int: PickleValue] = [:]

  private init(_ data: Data, path: String) {
    self.data = data
    self.path = path
  }

  /// The value that a file holds.
  ///
  /// - Throws: ``DatasetError/damagedFile(path:detail:)`` with the byte where reading ended.
  static func value(of path: String) throws(DatasetError) -> PickleValue {
    var reader = PickleReader(try mappedFile(path), path: path)
    while true {
      if let value = try reader.step() { return value }
    }
  }

  private func damaged(_ detail: String) -> DatasetError {
    .damagedFile(path: path, detail: "\(detail) at byte \(place)")
  }

  private mutating func take(_ count: Int) throws(DatasetError) -> Data {
    guard count >= 0, count <= data.count - place else {
      throw damaged("the pickle is cut off")
    }
    let start = data.startIndex + place
    place += count
    return data[start..<(start + count)]
  }

  /// A little-endian whole number of up to 8 bytes.
  private mutating func number(_ bytes: Int) throws(DatasetError) -> Int {
    var value: UInt64 = 0
    for (index, byte) in try take(bytes).enumerated() { value |= UInt64(byte) << (8 * index) }
    guard value <= UInt64(Int.max) else { throw damaged("a length is out of range") }
    return Int(value)
  }

  private mutating func line() throws(DatasetError) -> String {
    guard let end = data[(data.startIndex + place)...].firstIndex(of: 10) else {
      throw damaged("a name does not end")
    }
    let text = try take(end - data.startIndex - place)
    place += 1
    return String(decoding: text, as: UTF8.self)
  }

  private mutating func pop() throws(DatasetError) -> PickleValue {
    guard let value = stack.popLast() else { throw damaged("the pickle takes more than it put") }
    return value
  }

  private mutating func popToMark() throws(DatasetError) -> [PickleValue] {
    var values: [PickleValue] = []
    while true {
      let value = try pop()
      if case .mark = value { return values.reversed() }
      values.append(value)
    }
  }

  /// Runs one instruction; the last one gives the value.
  private mutating func step() throws(DatasetError) -> PickleValue? {
    let code = try number(1)
    switch code {
    case 0x2E: return try pop()  // STOP
    case 0x80: _ = try take(1)  // PROTO
    case 0x95: _ = try take(8)  // FRAME
    case 0x28: stack.append(.mark)
    case 0x4E: stack.append(.none)
    case 0x88: stack.append(.bool(true))
    case 0x89: stack.append(.bool(false))
    case 0x4A: stack.append(.integer(Int(Int32(truncatingIfNeeded: try number(4)))))
    case 0x4B: stack.append(.integer(try number(1)))
    case 0x4D: stack.append(.integer(try number(2)))
    case 0x54, 0x42: stack.append(.bytes([UInt8](try take(try number(4)))))  // (BIN)STRING, BYTES
    case 0x55, 0x43: stack.append(.bytes([UInt8](try take(try number(1)))))
    case 0x8E, 0x96: stack.append(.bytes([UInt8](try take(try number(8)))))
    case 0x58: stack.append(.text(String(decoding: try take(try number(4)), as: UTF8.self)))
    case 0x8C: stack.append(.text(String(decoding: try take(try number(1)), as: UTF8.self)))
    case 0x5D: stack.append(.list(PickleValue.List()))
    case 0x29: stack.append(.tuple([]))
    case 0x85, 0x86, 0x87: try tuple(code - 0x84)
    case 0x74: stack.append(.tuple(try popToMark()))
    case 0x61: try append([try pop()])
    case 0x65: try append(try popToMark())
    case 0x71: memory[try number(1)] = try top()
    case 0x72: memory[try number(4)] = try top()
    case 0x94: memory[memory.count] = try top()
    case 0x68: stack.append(try recalled(try number(1)))
    case 0x6A: stack.append(try recalled(try number(4)))
    case 0x63: try global(module: try line(), name: try line())
    case 0x93:
      guard case .text(let name) = try pop(), case .text(let module) = try pop() else {
        throw damaged("a name is no text")
      }
      try global(module: module, name: name)
    case 0x52: try reduce()
    case 0x62: try build()
    default:
      throw damaged(
        "the instruction \(code) is not one of those that lists of pictures are made of, so it was not "
          + "run")
    }
    return nil
  }

  private func top() throws(DatasetError) -> PickleValue {
    guard let value = stack.last else { throw damaged("there is nothing to keep") }
    return value
  }

  private func recalled(_ key: Int) throws(DatasetError) -> PickleValue {
    guard let value = memory[key] else { throw damaged("value \(key) was never kept") }
    return value
  }

  private mutating func tuple(_ count: Int) throws(DatasetError) {
    var items: [PickleValue] = []
    for _ in 0..<count { items.insert(try pop(), at: 0) }
    stack.append(.tuple(items))
  }

  private mutating func append(_ items: [PickleValue]) throws(DatasetError) {
    guard case .list(let list) = try top() else { throw damaged("values are added to no list") }
    list.items += items
  }

  private mutating func global(module: String, name: String) throws(DatasetError) {
    let known =
      module == "numpy" || module.hasPrefix("numpy.") ? "numpy \(name)" : "\(module) \(name)"
    guard Self.allowed.contains(known) else {
      throw damaged(
        "the pickle asks for \(module).\(name), which lists of pictures do not need; it was not run"
      )
    }
    stack.append(.global(known))
  }

  /// What a call would make, for the few that are known.
  private mutating func reduce() throws(DatasetError) {
    guard case .tuple(let arguments) = try pop(), case .global(let name) = try pop() else {
      throw damaged("a call has no name or no arguments")
    }
    switch name {
    case "numpy _reconstruct": stack.append(.array(PickleValue.Array()))
    case "numpy dtype":
      guard let first = arguments.first, let bytes = first.asBytes else {
        throw damaged("a kind of numbers has no name")
      }
      stack.append(.kind(try kind(String(decoding: bytes, as: UTF8.self))))
    case "numpy frombuffer", "numpy _frombuffer", "numpy scalar":
      // scalar takes kind, bytes; frombuffer takes bytes, kind, …
      guard let bytes = arguments.lazy.compactMap(\.asBytes).first else {
        throw damaged("an array has no bytes")
      }
      let array = PickleValue.Array()
      array.bytes = bytes
      stack.append(.array(array))
    case "_codecs encode":
      guard case .text(let text)? = arguments.first, let bytes = PickleValue.latin1(text) else {
        throw damaged("a string of bytes cannot be read back")
      }
      stack.append(.bytes(bytes))
    default: throw damaged("\(name) is called")
    }
  }

  private func kind(_ name: String) throws(DatasetError) -> String {
    guard name.hasSuffix("u1") || name.hasSuffix("b1") else {
      throw damaged("an array holds numbers of the kind \"\(name)\" instead of bytes")
    }
    return name
  }

  /// Gives an array its bytes; what is told about kinds of one byte changes nothing.
  private mutating func build() throws(DatasetError) {
    let state = try pop()
    switch try top() {
    case .kind: return
    case .array(let array):
      guard let bytes = state.asItems?.last?.asBytes else { throw damaged("an array has no bytes") }
      array.bytes = bytes
    default: throw damaged("something other than an array is filled")
    }
  }
}
