/// The order people expect of numbered names: `frame2.jpg` before `frame10.jpg`.
///
/// Runs of digits compare by value, everything else by byte; equal values fall back to the bytes, so
/// that the order is total and the same on every machine and in every language setting.
enum NaturalOrder {
  /// True if `first` comes before `second`.
  static func precedes(_ first: String, _ second: String) -> Bool {
    let first = Array(first.utf8)
    let second = Array(second.utf8)
    var i = 0
    var j = 0
    while i < first.count, j < second.count {
      if isDigit(first[i]), isDigit(second[j]) {
        let one = number(first, &i)
        let other = number(second, &j)
        if one.count != other.count { return one.count < other.count }
        if let (a, b) = zip(one, other).first(where: { $0 != $1 }) { return a < b }
      } else {
        if first[i] != second[j] { return first[i] < second[j] }
        i += 1
        j += 1
      }
    }
    if (first.count - i) != (second.count - j) { return first.count - i < second.count - j }
    return first.lexicographicallyPrecedes(second)
  }

  /// The digits at `index` without leading zeros; moves `index` behind them.
  private static func number(_ bytes: [UInt8], _ index: inout Int) -> ArraySlice<UInt8> {
    let start = index
    while index < bytes.count, isDigit(bytes[index]) { index += 1 }
    return bytes[start..<index].drop { $0 == 48 }
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }
}
