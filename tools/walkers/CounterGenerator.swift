import Foundation

/// What a random stream decides; streams of different purposes never share numbers.
enum RandomPurpose: UInt64 {
  case appearance = 1
  case colorTwins, viewpoint, backdrop, noiseTable, timetable, walk, sensorNoise, boxNoise
  case cropChoice, attendance
}

/// A counter-based random generator: number `n` of a stream is a function of the key and `n` alone.
///
/// **Source**: Philox 4×32-10, J. Salmon et al., "Parallel random numbers: as easy as 1, 2, 3",
/// SC 2011.
struct CounterGenerator: RandomNumberGenerator {
  private let key: (UInt32, UInt32)
  private var counter: UInt64 = 0
  private var buffered: UInt64?

  /// Opens the stream of one purpose, told apart by any further numbers (a person, a camera).
  init(seed: UInt64, _ purpose: RandomPurpose, _ numbers: Int...) {
    var hash = Self.scrambled(seed &+ 0x9e37_79b9_7f4a_7c15)
    hash = Self.scrambled(hash ^ purpose.rawValue)
    for number in numbers {
      hash = Self.scrambled(hash &+ 0x9e37_79b9_7f4a_7c15 ^ UInt64(bitPattern: Int64(number)))
    }
    key = (UInt32(truncatingIfNeeded: hash), UInt32(truncatingIfNeeded: hash >> 32))
  }

  /// Opens the stream of a bare key.
  init(key: (UInt32, UInt32)) {
    self.key = key
  }

  mutating func next() -> UInt64 {
    if let value = buffered {
      buffered = nil
      return value
    }
    var block = (
      UInt32(truncatingIfNeeded: counter), UInt32(truncatingIfNeeded: counter >> 32), UInt32(0),
      UInt32(0)
    )
    counter &+= 1
    var (low, high) = key
    for _ in 0..<10 {
      let first = UInt64(block.0) * 0xd251_1f53
      let second = UInt64(block.2) * 0xcd9e_8d57
      block = (
        UInt32(truncatingIfNeeded: second >> 32) ^ block.1 ^ low,
        UInt32(truncatingIfNeeded: second),
        UInt32(truncatingIfNeeded: first >> 32) ^ block.3 ^ high,
        UInt32(truncatingIfNeeded: first)
      )
      low &+= 0x9e37_79b9
      high &+= 0xbb67_ae85
    }
    buffered = UInt64(block.2) << 32 | UInt64(block.3)
    return UInt64(block.0) << 32 | UInt64(block.1)
  }

  /// A number spread evenly over `low..<high`.
  mutating func uniform(_ low: Float, _ high: Float) -> Float {
    low + (high - low) * Float(next() >> 40) / Float(1 << 24)
  }

  /// A number of the normal distribution.
  mutating func normal(_ mean: Float, _ deviation: Float) -> Float {
    let radius = (-2 * log(max(uniform(0, 1), 1e-7))).squareRoot()
    return mean + deviation * radius * cos(2 * .pi * uniform(0, 1))
  }

  /// True with the given probability.
  mutating func chance(_ probability: Float) -> Bool {
    uniform(0, 1) < probability
  }

  /// One of the values, each as likely as its weight says.
  mutating func choice<Value>(_ weighted: [(Value, Float)]) -> Value {
    precondition(!weighted.isEmpty, "CounterGenerator.choice: nothing to choose from")
    var rest = uniform(0, weighted.reduce(0) { $0 + $1.1 })
    for (value, weight) in weighted {
      rest -= weight
      if rest < 0 { return value }
    }
    return weighted[weighted.count - 1].0
  }

  /// The finalizer of SplitMix64.
  private static func scrambled(_ value: UInt64) -> UInt64 {
    var hash = value
    hash = (hash ^ hash >> 30) &* 0xbf58_476d_1ce4_e5b9
    hash = (hash ^ hash >> 27) &* 0x94d0_49bb_1331_11eb
    return hash ^ hash >> 31
  }
}
