import Metrics
import Testing

struct PairedComparisonTests {
  @Test func `every sign pattern of a few groups is counted`() throws {
    // Sums of groups: 0.3, 0.2, −0.1. Patterns at least 0.4 from 0: +++ is 0.4, ++− is 0.6, and mirrored.
    let comparison = try #require(
      PairedComparison(
        first: [0, 0, 0.5, 0.4], second: [0.1, 0.2, 0.7, 0.3], groups: [7, 7, 8, 9]))
    #expect(abs(comparison.difference - 0.1) < 1e-12)
    #expect(comparison.pValue == 0.5)
    #expect(comparison.groups == 3 && comparison.items == 4)
    #expect(comparison.groupsBetter == 2 && comparison.groupsWorse == 1)
    #expect(!comparison.isTold)
  }

  @Test func `equal scores are never told apart`() throws {
    let scores = (0..<60).map { Double($0) / 60 }
    let comparison = try #require(
      PairedComparison(first: scores, second: scores, groups: Array(0..<60)))
    #expect(comparison.difference == 0 && comparison.interval == [0, 0] && comparison.pValue == 1)
    #expect(!comparison.isTold)
  }

  @Test func `a steady gain is told, a gain of a single group is not`() throws {
    var random = TestRandom(seed: 3)
    let first = (0..<200).map { _ in Double(random.signed()) }
    let groups = (0..<200).map { $0 / 5 }
    let steady = try #require(
      PairedComparison(
        first: first, second: first.map { $0 + 0.05 + 0.02 * Double(random.signed()) },
        groups: groups))
    #expect(steady.isTold && steady.pValue < 0.001)
    #expect(steady.interval[0] > 0.03 && steady.interval[1] < 0.07)
    var single = first
    for place in 0..<5 { single[place] += 2 }
    let one = try #require(PairedComparison(first: first, second: single, groups: groups))
    #expect(one.difference > 0.04 && !one.isTold && one.pValue == 1)
  }

  @Test func `the other way round has the other sign and the same certainty`() throws {
    var random = TestRandom(seed: 4)
    let first = (0..<90).map { _ in Double(random.signed()) }
    let second = first.map { $0 + 0.2 * Double(random.signed()) }
    let groups = (0..<90).map { $0 / 3 }
    let forward = try #require(PairedComparison(first: first, second: second, groups: groups))
    let back = try #require(PairedComparison(first: second, second: first, groups: groups))
    #expect(abs(forward.difference + back.difference) < 1e-12)
    #expect(forward.pValue == back.pValue)
    #expect(abs(forward.interval[0] + back.interval[1]) < 1e-12)
  }

  @Test func `without chance, false alarms come as often as they should`() throws {
    // 300 comparisons of noise: about 5 % below 0.05.
    var random = TestRandom(seed: 5)
    let alarms = (0..<300).count { trial in
      let second = (0..<24).map { _ in Double(random.signed()) }
      return PairedComparison(
        first: [Double](repeating: 0, count: 24), second: second, groups: Array(0..<24),
        resamplings: 400, seed: UInt64(trial))?.isTold ?? false
    }
    #expect((4...28).contains(alarms), "\(alarms)")
  }
}
