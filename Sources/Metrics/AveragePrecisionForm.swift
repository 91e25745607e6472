/// How the average precision of a ranked list is formed.
public enum AveragePrecisionForm: String, Sendable, Hashable, Codable, CaseIterable {
  /// The mean over matches of the precision at the rank of the match.
  case standard
  /// The area under the precision-recall curve by trapezoids, as Market-1501's first evaluation
  /// program has it: slightly lower.
  case trapezoid

  /// The average precision (0…1) of a list whose matches stand at these ranks.
  ///
  /// ```
  /// standard   (1/n) Σ_j j / rank_j
  /// trapezoid  (1/n) Σ_j ((j-1)/(rank_j - 1) + j/rank_j) / 2      with 1 for 0/0
  /// ```
  ///
  /// - Parameter ranks: Ranks of all n ≥ 1 matches, ascending, counted from 1.
  public func averagePrecision(ranks: [Int]) -> Double {
    precondition(!ranks.isEmpty, "averagePrecision: a list without matches has none")
    var sum = 0.0
    for (index, rank) in ranks.enumerated() {
      let precision = Double(index + 1) / Double(rank)
      switch self {
      case .standard:
        sum += precision
      case .trapezoid:
        let previous = rank == 1 ? 1 : Double(index) / Double(rank - 1)
        sum += (previous + precision) / 2
      }
    }
    return sum / Double(ranks.count)
  }
}
