public import Layers
import Tensors

/// Contribution-based low-rank adaptation: LoRA with a rank for each site that follows how much the
/// site contributes to the task, and small tensors tuned in full.
///
/// Maps get factors, or are trained themselves where their share is 1; biases, norms, gains and
/// depthwise kernels are always trained in full. The factors start as in ``LoRA`` and count alike in
/// strength at every site (`s = 1`), so that different ranks do not mean different learning rates.
///
/// Two phases: measure ``Contributions``, then attach ``plan(for:contributions:sites:excluding:)``.
/// Attached without a plan of contributions, every site has the rank of the settings.
///
/// ```swift
/// let start = network.parameters.map(\.parameter.value)   // pretrained
/// // … a short full training, its weights kept in `tuned`, and `start` put back …
/// let contributions = try Contributions.integrated(
///   of: network, towards: tuned, samples: 8) { sample, context in loss(sample, context) }
/// let adapted = AdaptedNetwork(network)
/// let plan = try CoLoRA().plan(for: adapted, contributions: contributions)
/// try adapted.attach(plan, named: "rain", random: random)
/// ```
///
/// **Count**: `rank · (columns + outputs / groups)` at a site, and the sizes of the tuned tensors.
/// **Source**: D. Park, H. Kim, S. Chun, "Contribution-based Low-Rank Adaptation with Pre-training Model
/// for Real Image Restoration", 2024, arXiv 2408.01099. Its full text was not at hand: the frozen base
/// with factors of different ranks, the measure and the budget of 7 % are published; how a contribution
/// becomes a rank (``RankBudget``) and the start of the factors are choices of this tool-kit.
public struct CoLoRA: RankedMethod, Hashable {
  /// Name in the catalog.
  public static let name = "colora"
  /// One line for the list.
  public static let summary = "LoRA with ranks by contribution to the task, small tensors in full"
  /// What people may set.
  public static let settings: [AdapterSetting] = [
    AdapterSetting(
      "contribution", .choice(ContributionMeasure.allCases.map(\.rawValue)),
      "how the contribution of each tensor is measured"),
    AdapterSetting(
      "probeSteps", .integer(0...1_000_000), "full training before faig; 0 = 5 % of the run"),
    AdapterSetting("samples", .integer(1...100_000), "pictures or batches measured"),
    AdapterSetting("points", .integer(1...10_000), "on the path of faig"),
    AdapterSetting(
      "budget", .number(1e-6...0.999999), "share of the network's numbers that is trained"),
    AdapterSetting("exponent", .number(1e-3...100), "of the contribution; below 1 is flatter"),
    AdapterSetting("offset", .number(0...0.999999), "share that every map gets"),
    AdapterSetting("minimumRank", .integer(1...65_536), "smallest rank of a site"),
    AdapterSetting(
      "tunesGains", .flag,
      "gains and other vectors outside layers are trained; PEFT cannot store them"),
  ]

  /// Rank of sites that a plan gives none; the division of the budget gives every site one, so nobody
  /// types it.
  public var rank = 8
  /// Strength before the division by the rank; the plan sets it to the rank of each site.
  public var alpha = 8.0
  /// How contributions are to be measured.
  public var contribution = ContributionMeasure.faig
  /// Steps of full training that give the far end of the path of ``ContributionMeasure/faig``; 0 for a
  /// twentieth of the run.
  public var probeSteps = 0
  /// Pictures, or small batches, that are measured.
  public var samples = 8
  /// Points on the path of the integrated gradients; 100 in the reference implementation.
  public var points = 16
  /// Share of the network's numbers that is trained, above 0 and below 1; the published share.
  public var budget = 0.07
  /// Exponent of the relative contribution; 0.5 is flatter than 1.
  public var exponent = 1.0
  /// Share that every map gets whatever it contributes.
  public var offset = 0.0
  /// Smallest rank of a site.
  public var minimumRank = 1
  /// Whether gains and other vectors that belong to no layer are trained.
  ///
  /// PEFT has no place for them: adapters that are to be written for it leave them alone.
  public var tunesGains = true

  /// The defaults.
  public init() {}

  /// Makes settings.
  public init(
    budget: Double, contribution: ContributionMeasure = .faig, exponent: Double = 1,
    offset: Double = 0, minimumRank: Int = 1, tunesGains: Bool = true
  ) {
    self.tunesGains = tunesGains
    self.budget = budget
    self.contribution = contribution
    self.exponent = exponent
    self.offset = offset
    self.minimumRank = minimumRank
  }

  /// Checks all settings.
  public func validate() throws(AdapterError) {
    try validateSettings()
    func require(_ holds: Bool, _ setting: String, _ reason: String) throws(AdapterError) {
      guard holds else {
        throw .invalidSetting(method: Self.name, setting: setting, reason: reason)
      }
    }
    try require(rank >= 1, "rank", "is \(rank) but must be 1 or more")
    try require(
      alpha > 0 && alpha.isFinite, "alpha", "is \(alpha) but must be above 0")
    try require(
      probeSteps == 0 || contribution == .faig, "probeSteps",
      "is \(probeSteps), but only the contribution faig trains a probe")
    try require(
      points == Self().points || contribution == .faig, "points",
      "is \(points), but only the contribution faig follows a path")
    try require(
      samples == Self().samples || contribution != .uniform, "samples",
      "is \(samples), but the contribution uniform looks at no pictures")
  }

  /// Depthwise kernels are tuned in full; groups must divide the rank.
  public func refusal(of site: SiteGeometry) -> String? { site.lowRankRefusal(rank: rank) }

  /// Biases, norms, depthwise kernels and every other vector, such as gains.
  public func tunes(_ parameter: TunableParameter) -> Bool {
    switch parameter.role {
    // Biases outside layers count as gains: PEFT stores neither.
    case .bias where parameter.geometry == nil: tunesGains
    case .bias, .normalization: true
    case .weight: parameter.geometry?.isDepthwise == true
    // Gains and tokens are vectors; tables of positions are not small.
    case .other: tunesGains && parameter.parameter.value.shape.filter { $0 > 1 }.count <= 1
    }
  }

  /// `rank · (columns + outputs / groups)`.
  public func parameterCount(at site: SiteGeometry) -> Int {
    LoRA(rank: rank).parameterCount(at: site)
  }

  /// Two factors as in ``LoRA``.
  public func makeAdapter(
    for site: AdapterSite, in attachment: Attachment
  ) throws(AdapterError) -> any SiteAdapter {
    try LoRA(rank: rank, alpha: alpha).makeAdapter(for: site, in: attachment)
  }

  /// The ranks that the plan fixed before training.
  public func makeAllocator(for adapter: NetworkAdapter) -> (any Allocator)? {
    FixedRanks(of: adapter)
  }
}

/// The answer of a rule that decides before training.
public final class FixedRanks: Allocator {
  /// Components in use, by site path.
  public let ranks: [String: Int]

  init(of adapter: NetworkAdapter) {
    let entries = adapter.attached.compactMap { entry in
      (entry.method as? any RankedMethod).map { (entry.site.path, $0.rank) }
    }
    ranks = Dictionary(uniqueKeysWithValues: entries)
  }
}
