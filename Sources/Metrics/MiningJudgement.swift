/// Judges mined pairs by the true identities.
///
/// - Parameters:
///   - pairs: What was mined.
///   - identities: `[crops]`: the true person of each crop, nil where it is not known.
///   - seconds: `[crops]`: when each crop was seen.
///   - framePairs: The frames between which pairs were mined, if known: then the share of the
///     possible pairs is given too.
///   - persons: Different persons of whom coverage is a share; nil for those in `identities`, which
///     may hold fewer crops than were mined from.
///   - gapEdges: Ascending edges of the time-gap ranges in seconds, from 0.
/// - Returns: Precision, coverage and the rest.
public func judgeMining(
  _ pairs: [MinedPair], identities: [Int?], seconds: [Double], framePairs: [FramePair]? = nil,
  persons: Int? = nil,
  gapEdges: [Double] = [0, 0.15, 0.5, 1, 2, 4, 8]
) -> MiningScores {
  precondition(
    identities.count == seconds.count,
    "judgeMining: \(identities.count) identities but \(seconds.count) times")
  precondition(
    gapEdges.first == 0 && zip(gapEdges, gapEdges.dropFirst()).allSatisfy(<),
    "judgeMining: gap edges \(gapEdges) must ascend from 0")
  var timeGaps = gapEdges.enumerated().map { index, edge in
    MiningScores.TimeGap(
      fromSeconds: edge, toSeconds: index + 1 < gapEdges.count ? gapEdges[index + 1] : nil,
      pairs: 0, correct: 0)
  }
  var judged: [(score: Double, isCorrect: Bool)] = []
  var covered: Set<Int> = []
  for pair in pairs {
    guard let first = identities[pair.first], let second = identities[pair.second] else { continue }
    let isCorrect = first == second
    judged.append((pair.score, isCorrect))
    if isCorrect { covered.insert(first) }
    // A gap of a whole number of frames must not fall below its edge by rounding.
    let gap = abs(seconds[pair.second] - seconds[pair.first]) + 1e-6
    let range = (gapEdges.lastIndex { $0 <= gap }) ?? 0
    timeGaps[range].pairs += 1
    timeGaps[range].correct += isCorrect ? 1 : 0
  }
  let correct = judged.count(where: \.isCorrect)
  let persons = persons ?? Set(identities.compactMap { $0 }).count
  let possible = framePairs.map { possiblePairs($0, identities: identities) }
  return MiningScores(
    pairs: pairs.count, judged: judged.count, correct: correct,
    precision: judged.isEmpty ? 0 : Double(correct) / Double(judged.count),
    possible: possible,
    shareOfPossible: possible.map { $0 == 0 ? 0 : Double(correct) / Double($0) },
    persons: persons,
    coverage: persons == 0 ? 0 : Double(covered.count) / Double(persons),
    timeGaps: timeGaps, thresholds: precisionByScore(judged))
}

/// Number of correct one-to-one pairs that exist between the frames of all frame pairs.
///
/// A person seen n times in one frame and m times in the other gives min(n, m) pairs.
public func possiblePairs(_ framePairs: [FramePair], identities: [Int?]) -> Int {
  framePairs.reduce(0) { sum, frames in
    var seen: [Int: Int] = [:]
    for crop in frames.first {
      if let person = identities[crop] { seen[person, default: 0] += 1 }
    }
    return frames.second.reduce(into: sum) { sum, crop in
      guard let person = identities[crop], let left = seen[person], left > 0 else { return }
      seen[person] = left - 1
      sum += 1
    }
  }
}

/// Precision of the surest tenths of the pairs; equal scores stay together.
private func precisionByScore(
  _ judged: [(score: Double, isCorrect: Bool)]
) -> [MiningScores.Threshold] {
  let sorted = judged.sorted { $0.score > $1.score }
  var thresholds: [MiningScores.Threshold] = []
  var correct = 0
  var tenth = 1
  for (index, pair) in sorted.enumerated() {
    correct += pair.isCorrect ? 1 : 0
    let count = index + 1
    let isLastOfScore = count == sorted.count || sorted[count].score < pair.score
    guard isLastOfScore, count * 10 >= tenth * sorted.count else { continue }
    thresholds.append(
      MiningScores.Threshold(
        score: pair.score, pairs: count, precision: Double(correct) / Double(count)))
    tenth = count * 10 / sorted.count + 1
  }
  return thresholds
}
