/// How far two sets of scores of the same things differ, and how certain that is.
///
/// The difference is the mean of `second − first` over all items, such as the average precision of each
/// query. Items of one group, such as the queries of one person, vary together, so groups and not items
/// are drawn: the interval holds the 2.5 % and 97.5 % quantiles of the mean over groups drawn with
/// replacement, and the p-value is the share of sign patterns, one sign a group, whose mean is at least as
/// far from 0 as the one found. With at most ``exactGroups`` groups all patterns are counted.
///
/// **Source**: B. Efron, 1979 (bootstrap); R. Fisher, "The Design of Experiments", 1935 (the
/// randomisation test of paired differences).
public struct PairedComparison: Sendable, Codable, Hashable {
  /// Mean of `second − first`.
  public var difference: Double
  /// Bounds of its 95 % interval.
  public var interval: [Double]
  /// Two-sided p-value of the sign-flip test: how often chance alone gives as much.
  public var pValue: Double
  /// Items compared.
  public var items: Int
  /// Groups drawn.
  public var groups: Int
  /// Groups whose mean rose.
  public var groupsBetter: Int
  /// Groups whose mean fell.
  public var groupsWorse: Int

  /// Most groups whose sign patterns are all counted.
  public static let exactGroups = 14

  /// Compares scores item by item.
  ///
  /// - Parameters:
  ///   - first: the scores of one model.
  ///   - second: those of the other, of the same items in the same order.
  ///   - groups: the group of each item.
  ///   - resamplings: draws of the bootstrap and of sign patterns.
  ///   - seed: the same seed gives the same numbers.
  /// - Returns: nil without items.
  public init?(
    first: [Double], second: [Double], groups: [Int], resamplings: Int = 2000, seed: UInt64 = 0
  ) {
    precondition(
      first.count == second.count && first.count == groups.count && resamplings > 0,
      "PairedComparison: \(first.count) and \(second.count) scores, \(groups.count) groups")
    let differences = zip(first, second).map { $1 - $0 }
    guard !differences.isEmpty,
      let interval = bootstrapInterval(
        of: differences, groups: groups, resamplings: resamplings, seed: seed)
    else { return nil }
    var places: [Int: Int] = [:]
    var sums: [Double] = []
    for (difference, group) in zip(differences, groups) {
      if let place = places[group] {
        sums[place] += difference
      } else {
        places[group] = sums.count
        sums.append(difference)
      }
    }
    self.difference = differences.reduce(0, +) / Double(differences.count)
    self.interval = interval
    items = differences.count
    self.groups = sums.count
    groupsBetter = sums.count { $0 > 0 }
    groupsWorse = sums.count { $0 < 0 }
    pValue = Self.pValue(sums, draws: resamplings, seed: seed)
  }

  private static func pValue(_ sums: [Double], draws: Int, seed: UInt64) -> Double {
    // Rounding must not tell apart what is equal.
    let found = abs(sums.reduce(0, +)) - 1e-9 * sums.reduce(0) { $0 + abs($1) }
    func isAsFar(_ sign: (Int) -> Bool) -> Bool {
      var total = 0.0
      for place in sums.indices { total += sign(place) ? sums[place] : -sums[place] }
      return abs(total) >= found
    }
    if sums.count <= exactGroups {
      let patterns = 1 << sums.count
      let count = (0..<patterns).count { pattern in isAsFar { pattern >> $0 & 1 == 1 } }
      return Double(count) / Double(patterns)
    }
    // Other numbers than those of the interval.
    var random = CounterRandom(seed: seed ^ 0x5163_6e73_666c_6970)
    var count = 0
    for _ in 0..<draws {
      var signs = [Bool](repeating: false, count: sums.count)
      var bits: UInt64 = 0
      for place in sums.indices {
        if place % 64 == 0 { bits = random.next() }
        signs[place] = bits >> UInt64(place % 64) & 1 == 1
      }
      if isAsFar({ signs[$0] }) { count += 1 }
    }
    // The pattern that was found counts as one of the draws.
    return Double(count + 1) / Double(draws + 1)
  }

  /// Whether the two are told apart: a p-value below 0.05 and an interval without 0.
  public var isTold: Bool {
    pValue < 0.05 && (interval[0] > 0 || interval[1] < 0)
  }
}
