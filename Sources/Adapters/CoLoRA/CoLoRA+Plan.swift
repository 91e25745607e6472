import Layers
import Tensors

extension CoLoRA {
  /// What contributions make of a network: a share and a rank for each map, and the whole's size.
  public struct Division: Sendable {
    /// Factor between relative contribution and share.
    public let slope: Double
    /// Shares by site path, in the order of the network.
    public let shares: [(path: String, share: RankBudget.Share)]
    /// Mean contribution of one number by site path.
    public let contributions: [String: Double]
    /// Numbers of tensors that are tuned in full in any case.
    public let fixedCount: Int
    /// Everything that is trained.
    public let trainedCount: Int
    /// Numbers of the network.
    public let totalCount: Int

    /// Share of the network's numbers that is trained, 0…1.
    public var fraction: Double { Double(trainedCount) / Double(max(totalCount, 1)) }
  }

  /// Divides the budget among the maps of a network.
  ///
  /// - Parameters:
  ///   - adapted: the network.
  ///   - contributions: measured on this network.
  ///   - sites: patterns of the maps that may be changed; empty for all that suit.
  ///   - excluded: patterns of maps to leave as they are.
  /// - Throws: `AdapterError.unmatchedSites` and its like for the patterns,
  ///   `AdapterError.unsuitableWeights` for a map without contribution,
  ///   `AdapterError.invalidSetting` for a budget that the small tensors exceed by themselves.
  public func division(
    for adapted: AdaptedNetwork, contributions: Contributions, sites patterns: [String] = [],
    excluding excluded: [String] = []
  ) throws(AdapterError) -> Division {
    try validate()
    let sites = try adapted.sites(
      matching: patterns.isEmpty ? ["all"] : patterns, excluding: excluded
    ).filter { !$0.geometry.isDepthwise }
    guard !sites.isEmpty else { throw .nothingToAdapt(method: Self.name) }
    let paths = weightPaths(of: adapted)
    var maps: [RankBudget.Map] = []
    for site in sites {
      let path = paths[ObjectIdentifier(site.layer.weight)] ?? site.layerPath
      guard let value = contributions.values[path] else {
        throw .unsuitableWeights(path: path, reason: "have no measured contribution")
      }
      // A part of a fused map has the contribution of the whole map.
      maps.append(
        RankBudget.Map(
          outputs: site.geometry.outputs, columns: site.geometry.columns,
          groups: site.geometry.groups, contribution: value, canBeFull: site.part == nil))
    }
    let fixed = adapted.tunableParameters.reduce(0) {
      $0 + (tunes($1) ? $1.parameter.value.count : 0)
    }
    let total = adapted.network.parameterCount()
    let rule = RankBudget(
      budget: budget, exponent: exponent, offset: offset, minimumRank: minimumRank)
    guard let (slope, shares) = rule.division(among: maps, fixed: fixed, of: total) else {
      let least = rule.shares(of: maps, slope: 0).reduce(fixed) { $0 + $1.count }
      throw .invalidSetting(
        method: Self.name, setting: "budget",
        reason: "is \(budget), but the small tensors and the smallest ranks take "
          + "\(least) of \(total) numbers already; raise it, or name fewer sites")
    }
    return Division(
      slope: slope, shares: zip(sites.map(\.path), shares).map { ($0, $1) },
      contributions: Dictionary(
        uniqueKeysWithValues: zip(sites.map(\.path), maps.map(\.contribution))), fixedCount: fixed,
      trainedCount: shares.reduce(fixed) { $0 + $1.count }, totalCount: total)
  }

  /// The plan to attach: ranks by site, and the maps that are trained themselves.
  ///
  /// Parameters and errors as in ``division(for:contributions:sites:excluding:)``.
  public func plan(
    for adapted: AdaptedNetwork, contributions: Contributions, sites patterns: [String] = [],
    excluding excluded: [String] = []
  ) throws(AdapterError) -> AdapterPlan {
    let found = try division(
      for: adapted, contributions: contributions, sites: patterns, excluding: excluded)
    var plan = AdapterPlan(self)
    let paths = weightPaths(of: adapted)
    let layers = Dictionary(uniqueKeysWithValues: adapted.sites.map { ($0.path, $0) })
    for (path, share) in found.shares {
      if share.isFull, let weight = layers[path]?.layer.weight {
        plan.tuned.append("=" + (paths[ObjectIdentifier(weight)] ?? path))
      } else {
        plan.sites.append("=" + path)
        plan.ranks[path] = share.rank
        plan.alphas[path] = Double(share.rank)
      }
    }
    if plan.sites.isEmpty { plan.excludeAll(of: adapted) }
    return plan
  }

  private func weightPaths(of adapted: AdaptedNetwork) -> [ObjectIdentifier: String] {
    Dictionary(
      adapted.network.parameters.map { (ObjectIdentifier($0.parameter), $0.path) },
      uniquingKeysWith: { first, _ in first })
  }
}
