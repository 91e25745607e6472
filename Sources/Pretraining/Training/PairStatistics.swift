import Losses

/// Measurements of one batch of matched pairs, for the log.
struct PairStatistics {
  /// Values by name, as listed at ``StepReport/values``.
  private(set) var values: [String: Double] = [:]

  /// Measures unit rows `[crops, width]` given as their similarity matrix and values.
  init(
    similarity: [Float], embeddings: [Float], width: Int, batch: PairBatch, identities: [Int?]
  ) {
    let rows = batch.frame.count
    var (sum, squares, count) = (0.0, 0.0, 0.0)
    for i in 0..<rows {
      for j in (i + 1)..<max(rows, i + 1) where batch.frame[i] == batch.frame[j] {
        let value = Double(similarity[i * rows + j])
        sum += value
        squares += value * value
        count += 1
      }
    }
    let mean = count > 0 ? sum / count : 0
    let deviation = count > 0 ? max(squares / count - mean * mean, 0).squareRoot() : 0
    values["frameSimilarity"] = mean
    values["frameDeviation"] = deviation
    values["spread"] = Self.spread(embeddings, width: width)
    let pairs = batch.pairs
    guard !pairs.isEmpty else { return }
    let share = 1 / Double(pairs.count)
    let matched = pairs.map { Double(similarity[$0.first * rows + $0.second]) }
    values["similarity"] = matched.reduce(0, +) * share
    values["belowFrame"] = Double(matched.filter { $0 < mean + deviation }.count) * share
    // Rows are counted once: a nearest-crop rule may choose the same crop several times.
    let matchedRows = Set(pairs.map(\.first)).count + Set(pairs.map(\.second)).count
    values["unmatched"] = 1 - Double(matchedRows) / Double(rows)
    judge(batch, identities)
  }

  /// Mean standard deviation per dimension times √width: 1 for directions spread evenly, 0 collapsed.
  private static func spread(_ embeddings: [Float], width: Int) -> Double {
    let rows = embeddings.count / max(width, 1)
    guard rows > 1 else { return 0 }
    var total = 0.0
    for column in 0..<width {
      var (sum, squares) = (0.0, 0.0)
      for row in 0..<rows {
        let value = Double(embeddings[row * width + column])
        sum += value
        squares += value * value
      }
      let mean = sum / Double(rows)
      total += max(squares / Double(rows) - mean * mean, 0).squareRoot()
    }
    return total / Double(width) * Double(width).squareRoot()
  }

  /// Share of right pairs, and the share that a perfect matcher could reach; needs known identities.
  private mutating func judge(_ batch: PairBatch, _ identities: [Int?]) {
    let known = batch.pairs.filter { identities[$0.first] != nil && identities[$0.second] != nil }
    guard !known.isEmpty else { return }
    let right = known.filter { identities[$0.first] == identities[$0.second] }
    values["precision"] = Double(right.count) / Double(known.count)
    var possible = 0
    for clip in Set(batch.clip) {
      let members = batch.clip.indices.filter { batch.clip[$0] == clip }
      let frames = Set(members.map { batch.frame[$0] }).sorted()
      guard frames.count == 2 else { continue }
      let first = Set(members.filter { batch.frame[$0] == frames[0] }.compactMap { identities[$0] })
      let second = Set(
        members.filter { batch.frame[$0] == frames[1] }.compactMap { identities[$0] })
      // A rule that leaves crops unmatched can be right only as often as it matches.
      let pairs = known.filter { batch.clip[$0.first] == clip }.count
      possible += min(first.intersection(second).count, pairs)
    }
    values["possible"] = Double(possible) / Double(known.count)
  }
}
