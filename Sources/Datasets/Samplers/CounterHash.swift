/// Random numbers that are a function of seed, purpose and counters, with no state in between.
///
/// Any draw can be repeated alone, so a resumed run and any number of workers see the same order.
/// **Source**: the mixing steps of SplitMix64 (Steele, Lea, Flood, "Fast Splittable Pseudorandom
/// Number Generators", 2014), applied once per word.
struct CounterHash: Sendable {
  /// What the numbers are drawn for; equal counters under different purposes are unrelated.
  enum Purpose: UInt64 {
    case split = 1
    case epochOrder = 2
    case groups = 3
    case persons = 4
    case replacement = 5
    case facePairs = 6
  }

  private let key: UInt64

  /// Makes the stream of a seed and a purpose.
  init(seed: UInt64, purpose: Purpose) {
    key = Self.mixed(Self.mixed(seed) ^ purpose.rawValue)
  }

  /// 64 random bits for a list of counters.
  func bits(_ counters: UInt64...) -> UInt64 { bits(counters) }

  /// A number in `0..<bound` for a list of counters.
  func number(below bound: Int, _ counters: UInt64...) -> Int {
    precondition(bound > 0, "number(below:): the bound is \(bound)")
    // The high word of the product is uniform up to a bias of bound / 2^64.
    return Int(bits(counters).multipliedFullWidth(by: UInt64(bound)).high)
  }

  /// The numbers `0..<count` in random order, for a list of counters.
  func permutation(_ count: Int, _ counters: UInt64...) -> [Int] {
    var order = Array(0..<count)
    let base = bits(counters)
    for last in stride(from: count - 1, to: 0, by: -1) {
      let word = Self.mixed(base ^ Self.mixed(UInt64(last)))
      order.swapAt(last, Int(word.multipliedFullWidth(by: UInt64(last + 1)).high))
    }
    return order
  }

  /// `size` different numbers of `0..<count`, ascending, for a list of counters; all of them where there are
  /// no more.
  ///
  /// Time and memory depend on `size` alone.
  /// **Source**: R. Floyd's sampling, in J. Bentley, "Programming pearls: a sample of brilliance", 1987.
  func sample(_ size: Int, of count: Int, _ counters: UInt64...) -> [Int] {
    guard size < count else { return Array(0..<count) }
    let base = bits(counters)
    var chosen: Set<Int> = []
    for last in (count - size)..<count {
      let word = Self.mixed(base ^ Self.mixed(UInt64(last)))
      let number = Int(word.multipliedFullWidth(by: UInt64(last + 1)).high)
      if !chosen.insert(number).inserted { chosen.insert(last) }
    }
    return chosen.sorted()
  }

  private func bits(_ counters: [UInt64]) -> UInt64 {
    counters.reduce(key) { Self.mixed($0 ^ Self.mixed($1)) }
  }

  private static func mixed(_ value: UInt64) -> UInt64 {
    var z = value &+ 0x9E37_79B9_7F4A_7C15
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
