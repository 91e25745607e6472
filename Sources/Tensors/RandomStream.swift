/// A counter-based random stream: the same key and position always give the same numbers.
///
/// Streams are split by purpose and by step rather than advanced, so a resumed run and any number of
/// workers draw the same values without any state being stored.
/// **Source**: J. Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011 (Philox 4×32,
/// 10 rounds); keys are derived with the SplitMix64 finaliser.
public struct RandomStream: Sendable, Equatable {
  private let key: UInt64
  private var counter: UInt64 = 0
  private var block: (UInt32, UInt32, UInt32, UInt32) = (0, 0, 0, 0)
  private var used = 4
  /// Whether tensors drawn from it, or from what is split from it, are left unset.
  public private(set) var isBlank = false

  /// Makes the root stream of a seed.
  public init(seed: UInt64) {
    key = Self.mixed(seed ^ 0x7376_6973_696f_6e31)
  }

  private init(key: UInt64, isBlank: Bool) {
    self.key = key
    self.isBlank = isBlank
  }

  /// A stream for networks whose weights are read from a file: tensors drawn from it are left unset, and
  /// cost neither time nor memory.
  public static var blank: RandomStream { RandomStream(key: 0, isBlank: true) }

  /// Whether both give the same numbers from here on.
  public static func == (left: RandomStream, right: RandomStream) -> Bool {
    left.key == right.key && left.counter == right.counter && left.used == right.used
  }

  /// A stream of its own for a named purpose.
  public func split(_ purpose: String) -> RandomStream {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in purpose.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
    return RandomStream(key: Self.mixed(key ^ Self.mixed(hash)), isBlank: isBlank)
  }

  /// A stream of its own for a number: a step, an epoch, an index.
  public func split(_ number: Int) -> RandomStream {
    let bits = UInt64(bitPattern: Int64(number))
    return RandomStream(
      key: Self.mixed(key &+ Self.mixed(bits &+ 0x9e37_79b9_7f4a_7c15)), isBlank: isBlank)
  }

  private static func mixed(_ value: UInt64) -> UInt64 {
    var z = value &+ 0x9e37_79b9_7f4a_7c15
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  /// One block of Philox 4×32 with 10 rounds, in the word order of the published test vectors.
  package static func block(
    counter: (UInt32, UInt32, UInt32, UInt32), key: (UInt32, UInt32)
  ) -> (UInt32, UInt32, UInt32, UInt32) {
    var (c0, c1, c2, c3) = counter
    var (k0, k1) = key
    for _ in 0..<10 {
      let p0 = UInt64(0xd251_1f53) * UInt64(c0)
      let p1 = UInt64(0xcd9e_8d57) * UInt64(c2)
      c0 = UInt32(truncatingIfNeeded: p1 >> 32) ^ c1 ^ k0
      c1 = UInt32(truncatingIfNeeded: p1)
      c2 = UInt32(truncatingIfNeeded: p0 >> 32) ^ c3 ^ k1
      c3 = UInt32(truncatingIfNeeded: p0)
      k0 = k0 &+ 0x9e37_79b9
      k1 = k1 &+ 0xbb67_ae85
    }
    return (c0, c1, c2, c3)
  }

  private mutating func refill() {
    block = Self.block(
      counter: (
        UInt32(truncatingIfNeeded: counter), UInt32(truncatingIfNeeded: counter >> 32), 0, 0
      ), key: (UInt32(truncatingIfNeeded: key), UInt32(truncatingIfNeeded: key >> 32)))
    counter += 1
    used = 0
  }

  /// The next 32 random bits.
  public mutating func nextBits() -> UInt32 {
    if used == 4 { refill() }
    used += 1
    switch used {
    case 1: return block.0
    case 2: return block.1
    case 3: return block.2
    default: return block.3
    }
  }

  /// A number in 0 ..< 1 with 24 random bits.
  public mutating func uniform() -> Float {
    Float(nextBits() >> 8) * (1 / 16_777_216)
  }

  /// A number in the given half-open range.
  public mutating func uniform(_ range: ClosedRange<Float>) -> Float {
    range.lowerBound + (range.upperBound - range.lowerBound) * uniform()
  }

  /// A whole number in 0 ..< bound, every value equally likely.
  public mutating func integer(below bound: Int) -> Int {
    precondition(bound > 0, "RandomStream.integer: the bound must be positive, got \(bound)")
    let high = UInt64(nextBits())
    let bits = (high << 32) | UInt64(nextBits())
    // 64 bits against a bound far below 2^32: the bias is under 2^-32.
    return Int(bits.multipliedFullWidth(by: UInt64(bound)).high)
  }

  /// A random order of 0 ..< count.
  public mutating func permutation(_ count: Int) -> [Int] {
    var order = Array(0..<count)
    guard count > 1 else { return order }
    for index in stride(from: count - 1, to: 0, by: -1) {
      order.swapAt(index, integer(below: index + 1))
    }
    return order
  }
}
