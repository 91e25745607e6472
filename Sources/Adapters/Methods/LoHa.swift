public import Gradients
public import Layers
import Tensors

/// The element-wise product of two low-rank changes: `ΔW = alpha / rank · (A₁ B₁) ∘ (A₂ B₂)`, of rank up
/// to `rank²`.
///
/// All factors start uniform in ± 1/√fan-in but B₂ at 0, so the network starts as the base. Weights of
/// convolutions are seen as matrices `[outputs, columns]`.
/// **Count**: `2 · rank · (outputs + columns)`.
/// **Source**: N. Hyeon-Woo et al., "FedPara", 2022, arXiv 2108.06098; names and start of PEFT.
public struct LoHa: RankedMethod, Hashable {
  /// Name in the catalog.
  public static let name = "loha"
  /// One line for the list.
  public static let summary = "the element-wise product of two low-rank changes"
  /// What people may set.
  public static let settings: [AdapterSetting] = [
    .rank("components of each of the two changes"), .alpha,
  ]

  /// Components of each of the two changes; PEFT's default.
  public var rank = 8
  /// Strength before the division by the rank; PEFT's default.
  public var alpha = 8.0

  /// PEFT's defaults.
  public init() {}

  /// Acts on every weight.
  public func refusal(of site: SiteGeometry) -> String? { nil }

  /// Four factors.
  public func parameterCount(at site: SiteGeometry) -> Int {
    2 * rank * (site.outputs + site.columns)
  }

  /// Draws three factors, sets the fourth to 0.
  public func makeAdapter(
    for site: AdapterSite, in attachment: Attachment
  ) throws(AdapterError) -> any SiteAdapter {
    var random = attachment.random(for: site)
    let (outputs, columns) = (site.geometry.outputs, site.geometry.columns)
    func up() -> Tensor {
      random.uniform(shape: [outputs, rank], bound: 1 / Float(rank).squareRoot())
    }
    let first = up()
    let down = random.uniform(shape: [rank, columns], bound: 1 / Float(columns).squareRoot())
    return HadamardAdapter(
      first: (first, down), second: (up(), Tensor(zeros: [rank, columns])),
      scale: Float(alpha / Double(rank)))
  }
}

/// Four factors at one site.
public final class HadamardAdapter: SiteAdapter {
  @Key("hada_w1_a") private var firstUp: Parameter
  @Key("hada_w1_b") private var firstDown: Parameter
  @Key("hada_w2_a") private var secondUp: Parameter
  @Key("hada_w2_b") private var secondDown: Parameter
  /// What the product is multiplied by.
  public let scale: Float

  init(first: (up: Tensor, down: Tensor), second: (up: Tensor, down: Tensor), scale: Float) {
    self.scale = scale
    firstUp = Parameter(first.up)
    firstDown = Parameter(first.down)
    secondUp = Parameter(second.up)
    secondDown = Parameter(second.down)
  }

  private func change(at site: SiteGeometry, _ value: (Parameter) -> Variable) -> Variable {
    let first = value(firstUp).multiplied(by: value(firstDown))
    let second = value(secondUp).multiplied(by: value(secondDown))
    return (first * second * scale).reshaped(site.weightShape)
  }

  /// Changes the weight.
  public func effect(
    at site: SiteGeometry, weight: Variable, input: Variable, in context: ForwardContext
  ) -> AdapterEffect {
    .weight(change(at: site) { context.variable($0) })
  }

  /// The change.
  public func weightChange(at site: SiteGeometry, of weight: Variable) -> Variable? {
    change(at: site) { Variable($0.value) }
  }
}
