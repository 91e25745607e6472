/// Random numbers that are a function of a seed and a counter (the output function of splitmix64).
///
/// **Source**: G. Steele, D. Lea and C. Flood, "Fast splittable pseudorandom number generators",
/// OOPSLA 2014.
struct CounterRandom {
  private let seed: UInt64
  private var counter: UInt64 = 0

  /// Starts the sequence of a seed.
  init(seed: UInt64) {
    self.seed = seed
  }

  /// The next 64 random bits.
  mutating func next() -> UInt64 {
    counter &+= 1
    var z = seed &+ counter &* 0x9e37_79b9_7f4a_7c15
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  /// The next number of `0..<bound`; the bias is below `bound` / 2^64.
  mutating func next(below bound: Int) -> Int {
    Int(next().multipliedFullWidth(by: UInt64(bound)).high)
  }
}
