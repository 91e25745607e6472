public import Gradients
public import Layers
public import Tensors

/// Weight-decomposed low-rank adaptation: a trained length for each output, and low-rank factors that
/// turn its direction: `W' = m / ‖W + s B A‖ · (W + s B A)`, row by row.
///
/// The lengths start at those of the base's rows, so the network starts as the base. The norm counts
/// as a constant in the backward pass. Dropout acts on the input of A alone.
/// **Count**: that of ``LoRA`` and one number for each output.
/// **Source**: S. Liu et al., "DoRA: Weight-Decomposed Low-Rank Adaptation", 2024, arXiv 2402.09353,
/// section 4.3 for the constant norm.
public struct DoRA: RankedMethod, Hashable {
  /// Name in the catalog.
  public static let name = "dora"
  /// One line for the list.
  public static let summary = "LoRA for directions, one trained length for each output"
  /// What people may set.
  public static let settings: [AdapterSetting] = [
    .rank("components of the change"), .alpha, .rankStabilized, .dropout,
  ]

  /// Components of the change; PEFT's default.
  public var rank = 8
  /// Strength before the division by the rank; PEFT's default.
  public var alpha = 8.0
  /// Whether the strength is divided by √rank.
  public var rankStabilized = false
  /// Share of A's inputs dropped in training, 0 ..< 1.
  public var dropout = 0.0

  /// PEFT's defaults.
  public init() {}

  /// The same settings as plain low-rank factors.
  var factors: LoRA {
    LoRA(rank: rank, alpha: alpha, rankStabilized: rankStabilized, dropout: dropout)
  }

  /// Groups must divide the rank.
  public func refusal(of site: SiteGeometry) -> String? { factors.refusal(of: site) }

  /// That of the factors, and one length for each output.
  public func parameterCount(at site: SiteGeometry) -> Int {
    factors.parameterCount(at: site) + site.outputs
  }

  /// Draws A, sets B to 0, and measures the rows.
  public func makeAdapter(
    for site: AdapterSite, in attachment: Attachment
  ) throws(AdapterError) -> any SiteAdapter {
    var random = attachment.random(for: site)
    let geometry = site.geometry
    return DirectionAdapter(
      down: geometry.startOfDown(rank: rank, random: &random),
      up: Tensor(zeros: [geometry.outputs, rank / geometry.groups]),
      magnitude: Variable(site.baseWeight).rowLengths().value, scale: factors.scale,
      dropout: Float(dropout))
  }
}

/// Low-rank factors and row lengths at one site.
public final class DirectionAdapter: SiteAdapter {
  /// A: `[rank, …]`.
  @Key("lora_A.weight") public private(set) var down: Parameter
  /// B: `[outputs, rank / groups]`.
  @Key("lora_B.weight") public private(set) var up: Parameter
  /// m: `[outputs]`.
  @Key("lora_magnitude_vector") public private(set) var magnitude: Parameter
  /// What the product is multiplied by.
  public let scale: Float
  private let dropout: Float

  /// Makes an adapter of given numbers.
  public init(down: Tensor, up: Tensor, magnitude: Tensor, scale: Float, dropout: Float = 0) {
    self.scale = scale
    self.dropout = dropout
    self.down = Parameter(down)
    self.up = Parameter(up)
    self.magnitude = Parameter(magnitude)
  }

  /// `1 / ‖W + s B A‖` by row, a constant.
  ///
  /// The squared length is `‖W‖² + 2 s (W Aᵀ) · B + s² (B A Aᵀ) · B`, row by row: no matrix of the weight's
  /// size is made.
  private func inverseLengths(at site: SiteGeometry, of weight: Variable) -> Variable {
    let (groups, rank) = (site.groups, down.value.shape[0])
    let part = [groups, site.outputs / groups]
    let base = Variable(weight.value).reshaped(part + [site.columns])
    let a = Variable(down.value).reshaped([groups, rank / groups, site.columns])
    let b = Variable(up.value).reshaped(part + [rank / groups])
    let mixed = base.multiplied(by: a, transposingOther: true)
    let gram = b.multiplied(by: a.multiplied(by: a, transposingOther: true))
    let change = ((mixed * (2 * scale) + gram * (scale * scale)) * b).summedAlongLastAxis()
    let squares = (base * base).summedAlongLastAxis() + change
    return Variable(
      Tensor(
        squares.value.values.map { 1 / max(max($0, 0).squareRoot(), .leastNormalMagnitude) },
        shape: [site.outputs]))
  }

  /// Adds `(c − 1) ⊙ W x + c ⊙ s B A x` with `c = m / ‖W + s B A‖`.
  public func effect(
    at site: SiteGeometry, weight: Variable, input: Variable, in context: ForwardContext
  ) -> AdapterEffect {
    let factor = context.variable(magnitude) * inverseLengths(at: site, of: weight)
    let (down, up) = (context.variable(down), context.variable(up))
    let mask = context.dropoutMask(rate: dropout, shape: input.shape)
    return .output { product, input in
      let dropped = mask.map { input * Variable($0) } ?? input
      let change = site.lowRankProduct(dropped, up: up, down: down) * self.scale
      return (product + change).multipliedByRow(factor) - product
    }
  }

  /// `m / ‖W + s B A‖ · (W + s B A) − W`.
  public func weightChange(at site: SiteGeometry, of weight: Variable) -> Variable? {
    let changed =
      weight + site.product(ofUp: Variable(up.value), down: Variable(down.value)) * scale
    let factor = Variable(magnitude.value) * inverseLengths(at: site, of: weight)
    return changed.multipliedByColumn(factor) - weight
  }
}
