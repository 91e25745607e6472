import Foundation

/// Divides a budget of trained numbers among the maps of a network by their contributions.
///
/// A map of `outputs × columns` with the contribution c gets the share
/// `δ = clip(slope · (c / largest c)^exponent + offset, 0, 1)` and the rank
/// `round(δ · outputs · columns / (outputs + columns))`, at least `minimumRank`, so that its factors hold
/// the share δ of its numbers. With δ = 1, or factors as large as the map, the map is trained itself. The
/// slope is found by bisection so that everything trained fills the budget.
///
/// The paper (D. Park, H. Kim, S. Chun, CoLoRA, 2024, arXiv 2408.01099) publishes the contributions, the
/// budget of 7 % and that two numbers map one to the other; the mapping itself was not at hand, and this
/// one is a choice of this tool-kit that agrees with everything published.
public struct RankBudget: Sendable, Hashable {
  /// One map that can have factors.
  public struct Map: Sendable, Hashable {
    /// Rows of the weight.
    public let outputs: Int
    /// Columns of the weight seen as a matrix.
    public let columns: Int
    /// Channel groups; each has factors of its own.
    public let groups: Int
    /// Mean contribution of one number of the weight, 0 or more.
    public let contribution: Double
    /// Whether the map can be trained itself; one part of a fused map cannot.
    public let canBeFull: Bool

    /// Describes a map.
    public init(
      outputs: Int, columns: Int, groups: Int = 1, contribution: Double, canBeFull: Bool = true
    ) {
      self.canBeFull = canBeFull
      self.outputs = outputs
      self.columns = columns
      self.groups = groups
      self.contribution = contribution
    }

    /// Numbers of the weight.
    public var count: Int { outputs * columns }
    /// Numbers that one more rank in every group adds.
    fileprivate var step: Int { groups * columns + outputs }
    /// Largest useful rank of one group.
    fileprivate var limit: Int { min(outputs / groups, columns) }
  }

  /// What one map gets.
  public struct Share: Sendable, Hashable {
    /// δ: the share of the map's numbers that is trained, 0…1.
    public let ratio: Double
    /// Rank of the factors, all groups together.
    public let rank: Int
    /// Numbers trained.
    public let count: Int
    /// Whether the map itself is trained, without factors.
    public let isFull: Bool
  }

  /// Share of all numbers of the network that may be trained, 0…1.
  public var budget: Double
  /// Exponent of the relative contribution; 1 follows it, 0.5 is flatter.
  public var exponent: Double
  /// Share that every map gets whatever it contributes.
  public var offset: Double
  /// Smallest rank of a group.
  public var minimumRank: Int

  /// Makes a rule; the defaults reproduce the published budget.
  public init(
    budget: Double = 0.07, exponent: Double = 1, offset: Double = 0, minimumRank: Int = 1
  ) {
    self.budget = budget
    self.exponent = exponent
    self.offset = offset
    self.minimumRank = minimumRank
  }

  /// The slope, and what each map gets.
  ///
  /// - Parameters:
  ///   - maps: the maps that can have factors.
  ///   - fixed: numbers that are trained in any case.
  ///   - total: numbers of the whole network.
  /// - Returns: `nil` where the fixed numbers and the smallest ranks exceed the budget.
  public func division(
    among maps: [Map], fixed: Int, of total: Int
  ) -> (slope: Double, shares: [Share])? {
    let wanted = budget * Double(total)
    func count(_ slope: Double) -> Double {
      Double(shares(of: maps, slope: slope).reduce(fixed) { $0 + $1.count })
    }
    guard count(0) <= wanted else { return nil }
    var (low, high) = (0.0, 1.0)
    // Contributions may differ by many powers of ten; beyond 2^60 the last maps have none at all.
    for _ in 0..<60 where count(high) < wanted { high *= 2 }
    for _ in 0..<80 {
      let middle = (low + high) / 2
      if count(middle) < wanted { low = middle } else { high = middle }
    }
    // The count moves in steps; the lower end is within the budget.
    let slope = count(high) <= wanted ? high : low
    return (slope, shares(of: maps, slope: slope))
  }

  /// What each map gets at a slope.
  public func shares(of maps: [Map], slope: Double) -> [Share] {
    let largest = maps.reduce(0) { max($0, $1.contribution) }
    return maps.map { map in
      let relative = largest > 0 ? map.contribution / largest : 0
      let power = pow(relative, exponent)
      let ratio = min(max(slope * power + offset, 0), 1)
      let wanted = (ratio * Double(map.count) / Double(map.step)).rounded()
      let rank = min(max(Int(wanted), minimumRank), map.limit)
      // Factors as large as the map itself would only train more slowly what it can train directly.
      let isFull = map.canBeFull && (ratio == 1 || rank * map.step >= map.count)
      return Share(
        ratio: ratio, rank: rank * map.groups, count: isFull ? map.count : rank * map.step,
        isFull: isFull)
    }
  }
}
