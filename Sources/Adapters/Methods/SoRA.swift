public import Gradients
public import Layers
import Tensors

/// Low-rank adaptation with a gate for each component, `ΔW = s B diag(g) A`, that training drives to
/// exactly zero where the component is not worth it.
///
/// A starts as in ``LoRA``, B at 0 and g ~ N(0, 1). After each update the gates are shrunk by
/// `threshold`: those within it of 0 become 0.
/// **Count**: `rank · (columns + outputs / groups + 1)`.
/// **Source**: N. Ding et al., "Sparse Low-rank Adaptation", 2023, arXiv 2311.11696; the step is the
/// true proximal one, the released code drops gates up to twice the threshold.
public struct SoRA: RankedMethod, Hashable {
  /// Name in the catalog.
  public static let name = "sora"
  /// One line for the list.
  public static let summary = "LoRA with gates that training closes where they are not worth it"
  /// What people may set.
  public static let settings: [AdapterSetting] = [
    .rank("components at the start"), .alpha,
    AdapterSetting(
      "threshold", .number(0...1000), "how much nearer to 0 each update moves every gate"),
    AdapterSetting(
      "gatePenalty", .number(0...1000),
      "weight of the gates' mean size in the loss; the released scripts take 10"),
  ]

  /// Components at the start.
  public var rank = 8
  /// Strength before the division by the rank.
  public var alpha = 16.0
  /// How much nearer to 0 each update moves every gate; useful near the learning rate.
  public var threshold = 3e-4
  /// Weight of the mean of |g| over all gates in the loss, beside the shrinking of each update.
  ///
  /// The paper has the shrinking alone; the released scripts add this term with 10, or with 0.001 where
  /// they raise the threshold in steps.
  public var gatePenalty = 0.0

  /// The paper's defaults.
  public init() {}

  /// Groups must divide the rank.
  public func refusal(of site: SiteGeometry) -> String? { site.lowRankRefusal(rank: rank) }

  /// Factors and gates.
  public func parameterCount(at site: SiteGeometry) -> Int {
    LoRA(rank: rank).parameterCount(at: site) + rank
  }

  /// Draws A and the gates, sets B to 0.
  public func makeAdapter(
    for site: AdapterSite, in attachment: Attachment
  ) throws(AdapterError) -> any SiteAdapter {
    var random = attachment.random(for: site)
    return GatedAdapter(
      down: site.geometry.startOfDown(rank: rank, random: &random),
      gates: random.normal(shape: [rank], deviation: 1),
      up: Tensor(zeros: [site.geometry.outputs, rank / site.geometry.groups]),
      scale: Float(alpha / Double(rank)),
      penaltyWeight: Float(gatePenalty / Double(rank * attachment.sites.count)))
  }

  /// The proximal step.
  public func makeAllocator(for adapter: NetworkAdapter) -> (any Allocator)? {
    GateAllocator(adapter, threshold: Float(threshold))
  }
}

/// Factors with a gate for each component.
public final class GatedAdapter: SiteAdapter {
  /// A: `[rank, …]`.
  @Key("lora_A.weight") public private(set) var down: Parameter
  /// B: `[outputs, rank / groups]`.
  @Key("lora_B.weight") public private(set) var up: Parameter
  /// g: `[rank]`.
  @Key("gate") public private(set) var gates: Parameter
  /// What the product is multiplied by.
  public let scale: Float
  private let penaltyWeight: Float

  init(down: Tensor, gates: Tensor, up: Tensor, scale: Float, penaltyWeight: Float = 0) {
    self.scale = scale
    self.penaltyWeight = penaltyWeight
    self.down = Parameter(down)
    self.up = Parameter(up)
    self.gates = Parameter(gates, decays: false)
  }

  /// Components whose gate is open.
  public var rank: Int { gates.value.values.reduce(0) { $0 + ($1 == 0 ? 0 : 1) } }

  /// Adds `s B diag(g) A x`.
  public func effect(
    at site: SiteGeometry, weight: Variable, input: Variable, in context: ForwardContext
  ) -> AdapterEffect {
    .lowRank([
      LowRankTerm(
        down: context.variable(down).multipliedByColumn(context.variable(gates)),
        up: context.variable(up), scale: scale)
    ])
  }

  /// `s B diag(g) A`.
  public func weightChange(at site: SiteGeometry, of weight: Variable) -> Variable? {
    site.product(
      ofUp: Variable(up.value),
      down: Variable(down.value).multipliedByColumn(Variable(gates.value))) * scale
  }
}

extension GatedAdapter {
  /// The share of this site in the mean size of all gates, times the method's weight.
  public func penalty(in context: ForwardContext) -> Variable? {
    guard penaltyWeight > 0 else { return nil }
    let gates = context.variable(gates)
    // |g| = g · sign g, and the sign is a constant wherever there is a slope.
    let signs = gates.value.values.map { $0 == 0 ? 0 : ($0 > 0 ? Float(1) : -1) }
    return (gates * Variable(Tensor(signs, shape: [signs.count]))).summed() * penaltyWeight
  }
}

/// SoRA's rule: after each update every gate moves towards 0 by a threshold and stops there.
public final class GateAllocator: Allocator {
  private let sites: [(path: String, adapter: GatedAdapter)]
  private let threshold: Float

  init?(_ adapter: NetworkAdapter, threshold: Float) {
    sites = adapter.attached.compactMap { entry in
      (entry.adapter as? GatedAdapter).map { (entry.site.path, $0) }
    }
    guard !sites.isEmpty else { return nil }
    self.threshold = threshold
  }

  /// Open gates by site path.
  public var ranks: [String: Int] {
    Dictionary(uniqueKeysWithValues: sites.map { ($0.path, $0.adapter.rank) })
  }

  /// A gate that is closed now is closed in an average as well.
  public func dropping() -> () -> Void {
    let closed = sites.map { $0.adapter.gates.value.values.map { $0 == 0 } }
    return {
      for (site, closed) in zip(self.sites, closed) {
        let gates = site.adapter.gates.value.values
        site.adapter.gates.value = Tensor(
          zip(gates, closed).map { $1 ? 0 : $0 }, shape: [gates.count])
      }
    }
  }

  /// Soft threshold: `sign(g) · max(|g| − threshold, 0)`.
  public func afterUpdate(step: Int, of total: Int) {
    for (_, adapter) in sites {
      let moved = adapter.gates.value.values.map { gate in
        abs(gate) <= threshold ? 0 : gate - (gate > 0 ? threshold : -threshold)
      }
      adapter.gates.value = Tensor(moved, shape: [moved.count])
    }
  }
}
