public import Gradients
public import Layers
public import Tensors

/// Low-rank adaptation: `ΔW = s B A` with `s = alpha / rank`, or `alpha / √rank` when rank-stabilised.
///
/// A starts uniform in ± 1/√fan-in and B at 0, so the network starts as the base. A convolution is
/// followed by a 1×1 convolution; in groups, each group has factors of its own.
/// **Count**: `rank · (columns + outputs / groups)` with `columns = inputs / groups · kernel area`.
/// **Source**: E. Hu et al., "LoRA", 2022, arXiv 2106.09685; D. Kalajdzievski, 2023, arXiv 2312.03732.
public struct LoRA: RankedMethod, Hashable {
  /// Name in the catalog.
  public static let name = "lora"
  /// One line for the list.
  public static let summary = "two thin factors beside each weight"
  /// What people may set.
  public static let settings: [AdapterSetting] = [
    .rank("components of the change"), .alpha, .rankStabilized, .dropout,
  ]

  /// Components of the change; PEFT's default.
  public var rank = 8
  /// Strength before the division by the rank; PEFT's default.
  public var alpha = 8.0
  /// Whether the strength is divided by √rank, so that large ranks learn as fast as small ones.
  public var rankStabilized = false
  /// Share of A's inputs dropped in training, 0 ..< 1.
  public var dropout = 0.0

  /// PEFT's defaults.
  public init() {}

  /// Makes settings; `alpha` is the rank where it is left out.
  public init(
    rank: Int, alpha: Double? = nil, rankStabilized: Bool = false, dropout: Double = 0
  ) {
    self.rank = rank
    self.alpha = alpha ?? Double(rank)
    self.rankStabilized = rankStabilized
    self.dropout = dropout
  }

  /// What the product of the factors is multiplied by.
  public var scale: Float {
    Float(rankStabilized ? alpha / Double(rank).squareRoot() : alpha / Double(rank))
  }

  /// Groups must divide the rank.
  public func refusal(of site: SiteGeometry) -> String? {
    site.lowRankRefusal(rank: rank)
  }

  /// `rank · (columns + outputs / groups)`.
  public func parameterCount(at site: SiteGeometry) -> Int {
    rank * (site.columns + site.outputs / site.groups)
  }

  /// Draws A, sets B to 0.
  public func makeAdapter(
    for site: AdapterSite, in attachment: Attachment
  ) throws(AdapterError) -> any SiteAdapter {
    var random = attachment.random(for: site)
    return LowRankAdapter(
      down: site.geometry.startOfDown(rank: rank, random: &random),
      up: Tensor(zeros: [site.geometry.outputs, rank / site.geometry.groups]), scale: scale,
      dropout: Float(dropout))
  }
}

/// Two trained factors at one site.
public final class LowRankAdapter: SiteAdapter {
  /// A: `[rank, inputs]` or `[rank, inputs / groups, height, width]`.
  @Key("lora_A.weight") public private(set) var down: Parameter
  /// B: `[outputs, rank / groups]`.
  @Key("lora_B.weight") public private(set) var up: Parameter
  /// What the product is multiplied by.
  public let scale: Float
  /// Share of A's inputs dropped in training.
  public let dropout: Float

  /// Makes an adapter of given factors.
  public init(down: Tensor, up: Tensor, scale: Float, dropout: Float = 0) {
    self.scale = scale
    self.dropout = dropout
    self.down = Parameter(down)
    self.up = Parameter(up)
  }

  /// Adds `s B A x`.
  public func effect(
    at site: SiteGeometry, weight: Variable, input: Variable, in context: ForwardContext
  ) -> AdapterEffect {
    .lowRank([
      LowRankTerm(
        down: context.variable(down), up: context.variable(up), scale: scale,
        dropped: context.dropoutMask(rate: dropout, shape: input.shape))
    ])
  }

  /// `s B A`.
  public func weightChange(at site: SiteGeometry, of weight: Variable) -> Variable? {
    site.product(ofUp: Variable(up.value), down: Variable(down.value)) * scale
  }
}
