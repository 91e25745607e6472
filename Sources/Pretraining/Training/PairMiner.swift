import Gradients
public import Losses
public import Matching
public import Metrics
public import Recipes
public import Tensors

/// Finds, for every frame pair of a batch, which crops show the same person.
///
/// Similarities are cosines of unit embeddings; no gradient flows through the choice.
public struct PairMiner: Sendable {
  /// How crops of two frames are paired.
  public var rule: MatchingRule

  /// Makes a miner by the recipe's matcher.
  public init(_ matcher: ISRSettings.Matcher) {
    switch matcher {
    case .hungarian: rule = .assignment
    case .argmax: rule = .rowMaximum
    case .mutual: rule = .mutualNearest
    }
  }

  /// Matches every frame pair; rows are numbered first frame then second, pair after pair.
  ///
  /// - Parameters:
  ///   - embeddings: `[crops, width]`, unit rows.
  ///   - name: called with the number of a frame pair, for the error message.
  /// - Throws: `MatchingError` when an embedding is NaN or infinite.
  public func batch(
    _ embeddings: Tensor, framePairs: [FramePair], name: (Int) -> String = { "frame pair \($0)" }
  ) throws(MatchingError) -> PairBatch {
    var matched: [(first: Int, second: Int)] = []
    var row = 0
    for (index, pair) in framePairs.enumerated() {
      let (n, m) = (pair.first.count, pair.second.count)
      let (x, y) = (embeddings.rows(row..<row + n), embeddings.rows(row + n..<row + n + m))
      let similarity = Variable(x).multiplied(by: Variable(y), transposingOther: true).value.values
      let columns = try rule.match(similarity, rows: n, columns: m, named: name(index))
      for (first, second) in columns.enumerated() where second >= 0 {
        matched.append((row + first, row + n + second))
      }
      row += n + m
    }
    var batch = Self.unmatched(framePairs)
    batch.pairs = matched
    return batch
  }

  /// The frames and clips of a batch in which nothing is matched.
  public static func unmatched(_ framePairs: [FramePair]) -> PairBatch {
    var frame: [Int] = []
    var clip: [Int] = []
    for (index, pair) in framePairs.enumerated() {
      let (n, m) = (pair.first.count, pair.second.count)
      frame += [Int](repeating: 2 * index, count: n) + [Int](repeating: 2 * index + 1, count: m)
      clip += [Int](repeating: index, count: n + m)
    }
    let kin = framePairs.indices.map { index in
      Set(
        framePairs.indices.filter {
          $0 != index && framePairs[$0].mayRecur(in: framePairs[index])
        })
    }
    return PairBatch(
      frame: frame, clip: clip, pairs: [], kin: kin.contains { !$0.isEmpty } ? kin : [])
  }
}
