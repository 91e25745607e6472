/// What a pickle of pictures may hold.
indirect enum PickleValue {
  /// A list that later instructions still append to.
  final class List {
    var items: [PickleValue] = []
  }

  /// A numpy array; its bytes come after it was made.
  final class Array {
    var bytes: [UInt8] = []
  }

  case none
  case bool(Bool)
  case integer(Int)
  case bytes([UInt8])
  case text(String)
  case tuple([PickleValue])
  case list(List)
  case array(Array)
  /// A name that may stand for something; only names of ``PickleReader/allowed`` get here.
  case global(String)
  /// The kind of numbers of an array.
  case kind(String)
  case mark

  /// The bytes of strings of bytes and of arrays of bytes.
  var asBytes: [UInt8]? {
    switch self {
    case .bytes(let bytes): bytes
    case .array(let array): array.bytes
    // Python 2 wrote strings of bytes that Python 3 reads as text.
    case .text(let text): Self.latin1(text)
    default: nil
    }
  }

  /// The items of lists and tuples.
  var asItems: [PickleValue]? {
    switch self {
    case .list(let list): list.items
    case .tuple(let items): items
    default: nil
    }
  }

  /// Truth values of a list, a tuple or an array of bytes.
  var asTruths: [Bool]? {
    if case .array(let array) = self { return array.bytes.map { $0 != 0 } }
    guard let items = asItems else { return nil }
    let truths = items.compactMap { item -> Bool? in
      switch item {
      case .bool(let value): value
      case .integer(let value): value != 0
      case .array(let array) where array.bytes.count == 1: array.bytes[0] != 0
      default: nil
      }
    }
    return truths.count == items.count ? truths : nil
  }

  /// The bytes of a text whose characters all lie below 256.
  static func latin1(_ text: String) -> [UInt8]? {
    var bytes: [UInt8] = []
    for scalar in text.unicodeScalars {
      guard scalar.value < 256 else { return nil }
      bytes.append(UInt8(scalar.value))
    }
    return bytes
  }
}
