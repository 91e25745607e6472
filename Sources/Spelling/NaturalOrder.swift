/// The order in which a person counts names: `frame-9` before `frame-10`.
///
/// Runs of digits compare as numbers of any length, everything else by its UTF-8 bytes, so the
/// order is the same on every system and in every language.
public enum NaturalOrder {
  /// Whether one name comes before another.
  public static func precedes(_ left: String, _ right: String) -> Bool {
    let first = Array(left.utf8)
    let second = Array(right.utf8)
    var i = 0
    var j = 0
    while i < first.count, j < second.count {
      if isDigit(first[i]), isDigit(second[j]) {
        let a = number(in: first, from: &i)
        let b = number(in: second, from: &j)
        if a.count != b.count { return a.count < b.count }
        if a != b { return a.lexicographicallyPrecedes(b) }
      } else {
        if first[i] != second[j] { return first[i] < second[j] }
        i += 1
        j += 1
      }
    }
    if i < first.count || j < second.count { return j < second.count }
    // Equal but for leading zeros: any fixed order will do.
    return first.lexicographicallyPrecedes(second)
  }

  /// Whether a byte of UTF-8 is a digit.
  public static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

  /// The digits from a position on, without leading zeros; moves the position behind them.
  private static func number(in bytes: [UInt8], from position: inout Int) -> ArraySlice<UInt8> {
    let end = bytes[position...].firstIndex { !isDigit($0) } ?? bytes.count
    let digits = bytes[position..<end].drop { $0 == 0x30 }
    position = end
    return digits
  }
}
