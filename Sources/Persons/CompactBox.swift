import Images

/// A box of a file in 32 bytes: a file may list millions.
///
/// A number is kept as a whole number of 32 bits and a count of decimals, so that one of up to nine
/// digits, as files have it, comes back as the same `Double`; longer ones keep nine digits, and those
/// beyond 2147483647 the precision of `Float`.
struct CompactBox: Sendable {
  /// The frame, from 1.
  let frame: UInt32
  private let left: Int32
  private let top: Int32
  private let width: Int32
  private let height: Int32
  private let confidence: Int32
  /// Four bits of decimals for each of the five numbers, then the upper 12 bits of the identity.
  private let scales: UInt32
  private let lowIdentity: UInt32

  /// In place of the decimals of a number that is kept as a `Float`.
  private static let floatMark: UInt32 = 15
  private static let mostDecimals: UInt32 = 9
  /// Stands for no identity; identities from here on do not fit and are none.
  static let identityLimit: UInt64 = 1 << 44 - 1

  init(frame: UInt32, _ box: PersonBox) {
    var scales: UInt32 = 0
    var place: UInt32 = 0
    func packed(_ value: Double) -> Int32 {
      let (digits, scale) = Self.digits(of: value)
      scales |= scale << place
      place += 4
      return digits
    }
    self.frame = frame
    left = packed(box.rectangle.left)
    top = packed(box.rectangle.top)
    width = packed(box.rectangle.width)
    height = packed(box.rectangle.height)
    confidence = packed(box.confidence)
    let identity = min(
      box.identity.flatMap(UInt64.init(exactly:)) ?? Self.identityLimit, Self.identityLimit)
    lowIdentity = UInt32(truncatingIfNeeded: identity)
    self.scales = scales | UInt32(identity >> 32) << 20
  }

  /// The box as it was.
  var box: PersonBox {
    let identity = UInt64(lowIdentity) | UInt64(scales >> 20) << 32
    return PersonBox(
      rectangle: Rectangle(
        left: number(left, 0), top: number(top, 1), width: number(width, 2),
        height: number(height, 3)),
      confidence: number(confidence, 4),
      identity: identity == Self.identityLimit ? nil : Int(identity))
  }

  private func number(_ digits: Int32, _ place: UInt32) -> Double {
    let scale = scales >> (4 * place) & 15
    if scale == Self.floatMark { return Double(Float(bitPattern: UInt32(bitPattern: digits))) }
    var power = 1.0
    for _ in 0..<scale { power *= 10 }
    // Both are exact, so the quotient is the Double nearest to the decimal, as reading it gives.
    return Double(digits) / power
  }

  private static func digits(of value: Double) -> (digits: Int32, scale: UInt32) {
    var best: (digits: Int32, scale: UInt32)?
    var power = 1.0
    for scale in 0...mostDecimals {
      let scaled = (value * power).rounded()
      guard abs(scaled) <= Double(Int32.max) else { break }
      best = (Int32(scaled), scale)
      if scaled / power == value { break }
      power *= 10
    }
    if let best { return best }
    let largest = Double(Float.greatestFiniteMagnitude)
    let float = Float(min(max(value, -largest), largest))
    return (Int32(bitPattern: float.bitPattern), floatMark)
  }
}
