import Metrics
import Testing

struct MiningJudgementTests {
  // Two frame pairs. Person 1 stays in both, 3 stays once, 2 and 4 leave; crop 7 is unknown.
  private let identities: [Int?] = [1, 2, 3, 3, 1, 1, 4, nil, 1]
  private let seconds: [Double] = [0, 0, 0, 0.5, 0.5, 3, 3, 3, 5]
  private let framePairs = [
    FramePair(first: [0, 1, 2], second: [3, 4]), FramePair(first: [5, 6, 7], second: [8]),
  ]

  @Test func `counts precision, coverage, gaps and the possible pairs`() {
    let pairs = [
      MinedPair(first: 0, second: 4, score: 0.9), MinedPair(first: 1, second: 3, score: 0.4),
      MinedPair(first: 5, second: 8, score: 0.8), MinedPair(first: 7, second: 8, score: 0.7),
    ]
    let scores = judgeMining(
      pairs, identities: identities, seconds: seconds, framePairs: framePairs)
    #expect(scores.pairs == 4 && scores.judged == 3 && scores.correct == 2)
    #expect(abs(scores.precision - 2.0 / 3) < 1e-12)
    #expect(scores.possible == 3)
    #expect(scores.shareOfPossible.map { abs($0 - 2.0 / 3) < 1e-12 } == true)
    #expect(scores.persons == 4 && scores.coverage == 0.25)
    let filled = scores.timeGaps.filter { $0.pairs > 0 }
    #expect(filled.map(\.fromSeconds) == [0.5, 2])
    #expect(filled.map(\.toSeconds) == [1, 4])
    #expect(filled.map(\.pairs) == [2, 1] && filled.map(\.correct) == [1, 1])
    #expect(scores.thresholds.map(\.pairs) == [1, 2, 3])
    #expect(scores.thresholds.map(\.precision) == [1, 1, 2.0 / 3])
    #expect(scores.thresholds.map(\.score) == [0.9, 0.8, 0.4])
  }

  @Test func `judges nothing without pairs`() {
    let scores = judgeMining([], identities: [], seconds: [])
    #expect(scores.precision == 0 && scores.coverage == 0 && scores.possible == nil)
    #expect(scores.thresholds.isEmpty)
  }

  @Test func `random pairs are one to one and near chance`() {
    // Ten persons in both frames: chance is one in ten.
    let frames = (0..<400).map { number in
      FramePair(
        first: Array((number * 20)..<(number * 20 + 10)),
        second: Array((number * 20 + 10)..<(number * 20 + 20)))
    }
    let identities = (0..<8000).map { Optional($0 % 10) }
    let pairs = randomPairs(frames, seed: 1)
    #expect(pairs.count == 4000)
    #expect(Set(pairs.map(\.first)).count == 4000 && Set(pairs.map(\.second)).count == 4000)
    let scores = judgeMining(
      pairs, identities: identities, seconds: [Double](repeating: 0, count: 8000),
      framePairs: frames)
    #expect(abs(scores.precision - 0.1) < 0.02 && scores.possible == 4000)
    #expect(randomPairs(frames, seed: 1) == pairs && randomPairs(frames, seed: 2) != pairs)
    let uneven = randomPairs([FramePair(first: [0, 1, 2], second: [3])], seed: 1)
    #expect(uneven.count == 1 && uneven[0].second == 3)
  }

  @Test func `nearest pairs follow the features`() throws {
    let features: [Float] = [1, 0, 0, 1, 0.9, 0.1, 0.2, 2, 1, 0]
    let pairs = try nearestPairs(
      [FramePair(first: [0, 1], second: [2, 3]), FramePair(first: [4], second: [])],
      features: features, width: 2)
    #expect(pairs.map(\.first) == [0, 1] && pairs.map(\.second) == [2, 3])
    #expect(pairs.allSatisfy { $0.score > 0.99 && $0.score <= 1.0001 })
  }
}
