import Tensors
import Testing

struct RandomStreamTests {
  struct Vector: Sendable {
    let counter: [UInt32]
    let key: [UInt32]
    let expected: [UInt32]
  }

  /// Known answers of the Random123 library for Philox 4×32 with 10 rounds.
  static let vectors = [
    Vector(
      counter: [0, 0, 0, 0], key: [0, 0],
      expected: [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]),
    Vector(
      counter: [.max, .max, .max, .max], key: [.max, .max],
      expected: [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]),
    Vector(
      counter: [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
      key: [0xa409_3822, 0x299f_31d0],
      expected: [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]),
  ]

  @Test(arguments: vectors)
  func `gives the published answers`(_ vector: Vector) {
    let (c, k) = (vector.counter, vector.key)
    let found = RandomStream.block(counter: (c[0], c[1], c[2], c[3]), key: (k[0], k[1]))
    #expect([found.0, found.1, found.2, found.3] == vector.expected)
  }

  /// The χ² statistic of counts that should be equal.
  private func chiSquare(_ counts: [Int]) -> Double {
    let expected = Double(counts.reduce(0, +)) / Double(counts.count)
    return counts.reduce(0) { $0 + (Double($1) - expected) * (Double($1) - expected) / expected }
  }

  @Test func `uniform numbers fill 0 to 1 evenly`() {
    var random = RandomStream(seed: 1)
    var counts = [Int](repeating: 0, count: 32)
    for _ in 0..<20_000 {
      let value = random.uniform()
      #expect(value >= 0 && value < 1)
      counts[Int(value * 32)] += 1
    }
    // 31 degrees of freedom: beyond 62 once in a thousand seeds.
    #expect(chiSquare(counts) < 62)
  }

  @Test func `whole numbers are equally likely, also where the bound is no power of two`() {
    var random = RandomStream(seed: 2)
    var counts = [Int](repeating: 0, count: 7)
    for _ in 0..<14_000 { counts[random.integer(below: 7)] += 1 }
    #expect(chiSquare(counts) < 23)
  }

  @Test func `permutations hold every number once and reach every place`() {
    var random = RandomStream(seed: 3)
    for count in [0, 1, 2, 17] {
      #expect(random.permutation(count).sorted() == Array(0..<count))
    }
    var places = [Int](repeating: 0, count: 36)
    for _ in 0..<3000 {
      for (place, value) in random.permutation(6).enumerated() { places[place * 6 + value] += 1 }
    }
    #expect(chiSquare(places) < 67)
  }

  @Test func `normal numbers have mean 0, the given deviation, and respect the limit`() {
    var random = RandomStream(seed: 4)
    let values = random.normal(shape: [10_000], deviation: 2).values.map(Double.init)
    let mean = values.reduce(0, +) / 10_000
    let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 10_000
    #expect(abs(mean) < 0.08)
    #expect(abs(variance - 4) < 0.24)
    let cut = random.normal(shape: [4000], deviation: 0.02, limit: 0.02).values.map(Double.init)
    #expect(cut.allSatisfy { abs($0) <= 0.02 })
    // Cut at one deviation, the deviation itself falls to 0.5396 of it.
    let deviation = (cut.reduce(0) { $0 + $1 * $1 } / 4000).squareRoot()
    #expect(abs(deviation - 0.0108) < 0.0005)
  }

  @Test func `a stream depends on its seed and splits alone`() {
    let root = RandomStream(seed: 5)
    var used = root
    _ = used.uniform()
    var a = root.split("masks").split(3)
    var b = used.split("masks").split(3)
    #expect((0..<9).map { _ in a.nextBits() } == (0..<9).map { _ in b.nextBits() })
  }

  @Test func `split streams do not resemble each other`() {
    let root = RandomStream(seed: 6)
    let streams =
      (0..<20).map { root.split($0) } + ["a", "b", "ab", "ba", ""].map { root.split($0) }
      + [root, root.split(0).split(1), root.split(1).split(0), RandomStream(seed: 7)]
    let draws = streams.map { stream in
      var stream = stream
      return (0..<256).map { _ in Double(stream.uniform()) - 0.5 }
    }
    for i in draws.indices {
      for j in 0..<i {
        let product = zip(draws[i], draws[j]).reduce(0) { $0 + $1.0 * $1.1 }
        // The product of independent draws has deviation 16/12; five deviations.
        #expect(abs(product) < 6.7, "streams \(i) and \(j)")
      }
    }
  }
}
