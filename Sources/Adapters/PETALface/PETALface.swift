public import Layers
import Tensors

/// Two low-rank branches at each site, blended for every picture by how good the picture is.
///
/// `Y = X Wᵀ + b + s (1 − α) X A₁ᵀ B₁ᵀ + s α X A₂ᵀ B₂ᵀ` with `α = clip(0.5 + k (q − τ), 0, 1)`, where q is the
/// picture's quality in ``ForwardContext/quality``, 0 worst … 1 best. Branch 1 serves poor pictures,
/// branch 2 good ones. A starts as N(0, 1/rank²) and B at 0, so the network starts as the base. Sites
/// that ``single`` names have one branch without gate, as the paper's embedding projection has. Where
/// nobody measured quality, α is 0.5.
///
/// The paper adapts the `qkv` maps and the embedding projection: ``plan(for:excluding:)``.
/// **Count**: `2 · rank · (columns + outputs / groups)`, half of it for a single branch.
/// **Source**: K. Narayan et al., "PETALface: Parameter Efficient Transfer Learning for Low-resolution Face
/// Recognition", 2025, arXiv 2412.07771. The paper's text was not at hand; its released code was.
/// Deviations: the release overwrites the starts by a normal distribution of deviation 0.02
/// (``startsAsReleased``), does not clip α, and drops outputs (``DropoutPlace/output``); gates on
/// convolutions are an extension of this tool-kit.
public struct PETALface: RankedMethod, Hashable {
  /// Where training drops numbers.
  public enum DropoutPlace: String, Sendable, Hashable, Codable, CaseIterable {
    /// Components of a branch, picture by picture: keeps the two thin products fused.
    case rank
    /// Each branch's outputs, as the released code does.
    case output
  }

  /// Name in the catalog.
  public static let name = "petalface"
  /// One line for the list.
  public static let summary = "two branches blended by the quality of each picture"
  /// What people may set.
  public static let settings: [AdapterSetting] = [
    .rank("components of each branch"),
    AdapterSetting("scale", .number(1e-6...1e6), "multiplies both branches whatever the rank"),
    AdapterSetting("dropout", .number(0...0.99), "share dropped in training"),
    AdapterSetting(
      "dropoutPlace", .choice(DropoutPlace.allCases.map(\.rawValue)),
      "what is dropped: components or outputs"),
    AdapterSetting("metric", .name, "measure of quality: detail, sharpness or cnniqa"),
    AdapterSetting(
      "threshold", .number(-1...2),
      "quality at which both branches act alike; measured if not given"),
    AdapterSetting("steepness", .number(1e-3...1000), "how fast the blend moves with the quality"),
    AdapterSetting("single", .patterns, "sites with one branch and no gate"),
    AdapterSetting(
      "startsAsReleased", .flag, "both factors start at random, as in the released code"),
  ]

  /// Components of each branch; the paper's for TinyFace.
  public var rank = 8
  /// s: multiplies both branches whatever the rank; the released code's default.
  public var scale = 1.0
  /// Share dropped in training, 0 ..< 1; the released code's.
  public var dropout = 0.1
  /// Where training drops numbers.
  public var dropoutPlace = DropoutPlace.rank
  /// Name of the measure of quality that the branches were trained with; the paper's is `cnniqa`, which
  /// has to be trained first.
  public var metric = "detail"
  /// τ: the quality at which both branches act alike.
  public var threshold = 0.5
  /// k: how fast the blend moves with the quality.
  public var steepness = 1.0
  /// Patterns of sites with one branch and no gate.
  public var single: [String] = []
  /// Whether both factors start at random as in the released code, so that the network does not start
  /// as the base.
  public var startsAsReleased = false
  /// Whether the site at hand is gated; ``settled(at:)`` decides it.
  var isGated = true

  private enum CodingKeys: String, CodingKey {
    case rank, scale, dropout, dropoutPlace, metric, threshold, steepness, single
    case startsAsReleased
  }

  /// The released settings with a start at the base.
  public init() {}

  /// Makes settings.
  public init(rank: Int, dropout: Double = 0.1, single: [String] = []) {
    self.rank = rank
    self.dropout = dropout
    self.single = single
  }

  /// `scale · rank`, for plans that give sites an alpha.
  public var alpha: Double {
    get { scale * Double(rank) }
    set { scale = newValue / Double(rank) }
  }

  /// Groups must divide the rank.
  public func refusal(of site: SiteGeometry) -> String? { site.lowRankRefusal(rank: rank) }

  /// `rank · (columns + outputs / groups)` for each branch.
  public func parameterCount(at site: SiteGeometry) -> Int {
    (isGated ? 2 : 1) * LoRA(rank: rank).parameterCount(at: site)
  }

  /// Draws A, sets B to 0.
  public func makeAdapter(
    for site: AdapterSite, in attachment: Attachment
  ) throws(AdapterError) -> any SiteAdapter {
    var random = attachment.random(for: site)
    let geometry = site.geometry
    let components = rank * (isGated ? 2 : 1)
    // The released code means to draw A with 1/rank, and then overwrites both factors with 0.02.
    let deviation = startsAsReleased ? 0.02 : 1 / Float(rank)
    let down = random.normal(shape: geometry.shape(outputs: components), deviation: deviation)
    let upShape = [geometry.outputs, components / geometry.groups]
    let up =
      startsAsReleased
      ? random.normal(shape: upShape, deviation: deviation) : Tensor(zeros: upShape)
    return QualityGatedAdapter(
      down: down, up: up, groups: geometry.groups, method: self)
  }
}
