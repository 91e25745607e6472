public import Gradients
public import Layers
public import Tensors

/// Low-rank adaptation that starts at the principal components of the weight.
///
/// With `W = U S Vᵀ`, `A₀ = √(S/s) Vᵀ` and `B₀ = U √(S/s)` of the first `rank` components. The base
/// stays untouched and the change is `s (B A − B₀ A₀)`, the same function as the paper's residual
/// weight; in storage it has rank `2 · rank`.
/// **Count**: that of ``LoRA``.
/// **Source**: F. Meng et al., "PiSSA", 2024, arXiv 2404.02948.
public struct PiSSA: RankedMethod, Hashable {
  /// Name in the catalog.
  public static let name = "pissa"
  /// One line for the list.
  public static let summary = "LoRA that starts at the weight's principal components"
  /// What people may set.
  public static let settings: [AdapterSetting] = [
    .rank("components of the change"), .alpha, .dropout,
  ]

  /// Components of the change; PEFT's default.
  public var rank = 8
  /// Strength before the division by the rank; PEFT's default.
  public var alpha = 8.0
  /// Share of A's inputs dropped in training, 0 ..< 1.
  public var dropout = 0.0

  /// PEFT's defaults.
  public init() {}

  /// A weight has as many components as its smaller side.
  public func refusal(of site: SiteGeometry) -> String? {
    if let refusal = site.lowRankRefusal(rank: rank) { return refusal }
    let most = min(site.outputs / site.groups, site.columns) * site.groups
    return rank > most ? "its weight has \(most) components, fewer than the rank \(rank)" : nil
  }

  /// That of low-rank factors.
  public func parameterCount(at site: SiteGeometry) -> Int {
    LoRA(rank: rank).parameterCount(at: site)
  }

  /// Decomposes the weight, group by group.
  public func makeAdapter(
    for site: AdapterSite, in attachment: Attachment
  ) throws(AdapterError) -> any SiteAdapter {
    let geometry = site.geometry
    let scale = Float(alpha / Double(rank))
    let (inner, part) = (rank / geometry.groups, geometry.outputs / geometry.groups)
    var downs: [Variable] = []
    var ups: [Variable] = []
    for group in 0..<geometry.groups {
      let block = site.baseWeight.rows(group * part..<(group + 1) * part)
      let parts = SingularValues(of: block, rank: inner)
      let roots = parts.values.map { ($0 / scale).squareRoot() }
      downs.append(Variable(parts.right.scalingRows(by: roots)))
      ups.append(
        Variable(parts.left).multipliedByRow(Variable(Tensor(roots, shape: [inner]))))
    }
    return PrincipalAdapter(
      down: Variable.concatenated(downs, axis: 0).value.reshaped(geometry.shape(outputs: rank)),
      up: Variable.concatenated(ups, axis: 0).value, scale: scale, dropout: Float(dropout))
  }
}

/// Factors that started at something else than zero, whose start is subtracted.
public final class PrincipalAdapter: SiteAdapter {
  /// A: `[rank, …]`.
  @Key("lora_A.weight") public private(set) var down: Parameter
  /// B: `[outputs, rank / groups]`.
  @Key("lora_B.weight") public private(set) var up: Parameter
  /// Where A started.
  @Key("start_A") public private(set) var startDown: Buffer
  /// Where B started.
  @Key("start_B") public private(set) var startUp: Buffer
  /// What the product is multiplied by.
  public let scale: Float
  private let dropout: Float

  /// Makes an adapter at its start.
  public init(down: Tensor, up: Tensor, scale: Float, dropout: Float = 0) {
    self.scale = scale
    self.dropout = dropout
    self.down = Parameter(down)
    self.up = Parameter(up)
    startDown = Buffer(down)
    startUp = Buffer(up)
  }

  /// Adds `s (B A − B₀ A₀) x`; dropout acts on both alike, so that it keeps the start exact.
  public func effect(
    at site: SiteGeometry, weight: Variable, input: Variable, in context: ForwardContext
  ) -> AdapterEffect {
    let mask = context.dropoutMask(rate: dropout, shape: input.shape)
    return .lowRank([
      LowRankTerm(
        down: context.variable(down), up: context.variable(up), scale: scale, dropped: mask),
      LowRankTerm(
        down: Variable(startDown.value), up: Variable(startUp.value), scale: -scale,
        dropped: mask),
    ])
  }

  /// `s (B A − B₀ A₀)`.
  public func weightChange(at site: SiteGeometry, of weight: Variable) -> Variable? {
    let now = site.product(ofUp: Variable(up.value), down: Variable(down.value))
    let start = site.product(ofUp: Variable(startUp.value), down: Variable(startDown.value))
    return (now - start) * scale
  }
}
