public import Gradients
public import Layers
import Tensors

/// Two random projections that all sites share and nobody trains, with two trained vectors at each
/// site: `ΔW = diag(b) B diag(d) A`.
///
/// A and B are uniform in ± √(6 / fan-in), as large as the largest site needs, and cut to size; d
/// starts at 0.1 and b at 0, so the network starts as the base.
/// **Count**: `rank + outputs`.
/// **Source**: D. Kopiczko et al., "VeRA: Vector-based Random Matrix Adaptation", 2024,
/// arXiv 2310.11454; numbers of PEFT.
public struct VeRA: AdapterMethod, Hashable {
  /// Name in the catalog.
  public static let name = "vera"
  /// One line for the list.
  public static let summary = "shared random projections, two trained vectors at each site"
  /// What people may set.
  public static let settings: [AdapterSetting] = [
    .rank("width of the shared projections"),
    AdapterSetting(
      "start", .number(-1000...1000), "where the vector between the projections starts"),
    .dropout,
  ]

  /// Width of the shared projections; PEFT's default.
  public var rank = 256
  /// Where d starts; PEFT's default.
  public var start = 0.1
  /// Share of A's inputs dropped in training, 0 ..< 1.
  public var dropout = 0.0

  /// PEFT's defaults.
  public init() {}

  /// Groups would each need projections of their own.
  public func refusal(of site: SiteGeometry) -> String? {
    site.groups > 1 ? "it has \(site.groups) groups, and the projections are shared" : nil
  }

  /// One number for each component and each output.
  public func parameterCount(at site: SiteGeometry) -> Int { rank + site.outputs }

  /// Cuts the projections to size.
  public func makeAdapter(
    for site: AdapterSite, in attachment: Attachment
  ) throws(AdapterError) -> any SiteAdapter {
    let inputs = attachment.sites.reduce(0) { max($0, $1.geometry.columns) }
    let outputs = attachment.sites.reduce(0) { max($0, $1.geometry.outputs) }
    let down = attachment.shared("vera_A") { random in
      random.uniform(shape: [rank, inputs], bound: (6 / Float(inputs)).squareRoot())
    }
    let up = attachment.shared("vera_B") { random in
      random.uniform(shape: [outputs, rank], bound: (6 / Float(rank)).squareRoot())
    }
    return SharedProjectionAdapter(
      down: down, up: up, outputs: site.geometry.outputs, rank: rank, start: Float(start),
      dropout: Float(dropout))
  }
}

/// Two trained vectors around shared projections.
public final class SharedProjectionAdapter: SiteAdapter {
  /// b: `[outputs]`.
  @Key("vera_lambda_b") public private(set) var outputFactors: Parameter
  /// d: `[rank]`.
  @Key("vera_lambda_d") public private(set) var rankFactors: Parameter
  // A closure hides the shared tensors from this module's own buffers.
  private let shared: () -> (down: Tensor, up: Tensor)
  private let dropout: Float

  init(
    down: Buffer, up: Buffer, outputs: Int, rank: Int, start: Float, dropout: Float
  ) {
    self.dropout = dropout
    shared = { (down.value, up.value) }
    outputFactors = Parameter(Tensor(zeros: [outputs]))
    rankFactors = Parameter(Tensor(repeating: start, shape: [rank]))
  }

  /// A and B of this site, B with both vectors in it.
  private func factors(
    at site: SiteGeometry, outputFactors: Variable, rankFactors: Variable
  ) -> (down: Variable, up: Variable) {
    let (down, up) = shared()
    let ownDown =
      down.shape[1] == site.columns
      ? Variable(down) : Variable(down).slice(0..<site.columns, axis: 1)
    let ownUp = Variable(up.rows(0..<site.outputs))
    return (
      ownDown.reshaped(site.shape(outputs: down.shape[0])),
      ownUp.multipliedByRow(rankFactors).multipliedByColumn(outputFactors)
    )
  }

  /// Adds `diag(b) B diag(d) A x`.
  public func effect(
    at site: SiteGeometry, weight: Variable, input: Variable, in context: ForwardContext
  ) -> AdapterEffect {
    let (down, up) = factors(
      at: site, outputFactors: context.variable(outputFactors),
      rankFactors: context.variable(rankFactors))
    return .lowRank([
      LowRankTerm(
        down: down, up: up, scale: 1,
        dropped: context.dropoutMask(rate: dropout, shape: input.shape))
    ])
  }

  /// `diag(b) B diag(d) A`.
  public func weightChange(at site: SiteGeometry, of weight: Variable) -> Variable? {
    let (down, up) = factors(
      at: site, outputFactors: Variable(outputFactors.value),
      rankFactors: Variable(rankFactors.value))
    return site.product(ofUp: up, down: down)
  }
}
