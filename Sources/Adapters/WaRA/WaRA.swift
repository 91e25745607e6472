public import Layers
import Tensors

/// Wavelet low-rank adaptation: low-rank changes of wavelet coefficients.
///
/// Two methods share the name, and neither text was at hand, only the abstracts and a figure. What
/// follows from them by algebra decides what is offered here:
/// - ``Variant/weight``, the default: factors of their own in each band of the weight's coefficients along
///   outputs and inputs, `ΔW = s Σ_b row(b)ᵀ B_b A_b col(b)`. With the same factors in all bands most of ΔW
///   would be zero, so that is not offered.
/// - ``Variant/feature``: the figure of the first version. One pair of factors for the two bands of the
///   features; the transform over tokens cancels: `ΔW = s (g_L Lᵀ M L + g_H Hᵀ M H)` with `M = B A`. For Haar
///   without gains that is the Kronecker product `M ⊗ I₂`.
/// - ``Variant/token``: the second version. Tokens form a picture whose four bands are changed by one
///   pair of factors: `y_b = g_b B φ(A c_b)`. Without gains, dropped bands or φ that is plain ``LoRA``.
///
/// A starts uniform in ± 1/√fan-in and B at 0, so the network starts as the base. In convolutions the axes
/// are input and output channels, tap by tap. The gains, levels and default ranks of the bands are choices
/// of this tool-kit.
/// **Count**: weight `Σ_b rank_b · (m' + n' · taps)`, feature `rank · (m' + n' · taps)`, token
/// `rank · (m + n)`, with `m' = ⌈outputs / 2⌉`, `n' = ⌈inputs / 2⌉`; gains add 2 or 4.
/// **Source**: "WaRA: Wavelet Low-Rank Adaptation", 2025 and 2026, arXiv 2506.24092 v1 and v2.
public struct WaRA: RankedMethod, Hashable {
  /// What is transformed.
  public enum Variant: String, Sendable, Hashable, Codable, CaseIterable {
    /// The change of the weight, along outputs and inputs.
    case weight
    /// Features going in and coming out.
    case feature
    /// The picture that tokens form.
    case token
  }

  /// What stands between the factors of ``Variant/token``.
  public enum Inner: String, Sendable, Hashable, Codable, CaseIterable {
    /// Nothing.
    case identity
    /// The exact Gaussian error linear unit.
    case gelu
  }

  /// Two filters, first along the outputs or the rows of the token picture.
  public enum Band: String, Sendable, Hashable, Codable, CaseIterable {
    /// Averages along both axes.
    case ll = "LL"
    /// Averages along the first axis, differences along the second.
    case lh = "LH"
    /// Differences along the first axis, averages along the second.
    case hl = "HL"
    /// Differences along both axes.
    case hh = "HH"

    /// The filter of the first axis.
    var first: Wavelet.Band { self == .ll || self == .lh ? .low : .high }
    /// The filter of the second axis.
    var second: Wavelet.Band { self == .ll || self == .hl ? .low : .high }
  }

  /// Name in the catalog.
  public static let name = "wara"
  /// One line for the list.
  public static let summary = "low-rank changes of wavelet coefficients"
  /// What people may set.
  public static let settings: [AdapterSetting] = [
    AdapterSetting("variant", .choice(Variant.allCases.map(\.rawValue)), "what is transformed"),
    .rank("components; of the LL band where bands have factors of their own"), .alpha,
    AdapterSetting("wavelet", .choice(Wavelet.allCases.map(\.rawValue)), "the filters"),
    AdapterSetting(
      "levels", .integer(1...16), "of the weight variant; each further one divides the LL band"),
    AdapterSetting(
      "bands", .choices(Band.allCases.map(\.rawValue)), "changed in the weight and token variants"),
    AdapterSetting(
      "bandRanks", .integers(1...65_536),
      "of the weight variant; none = rank, rank/2, rank/2, rank/4"),
    AdapterSetting("gains", .flag, "one trained gain for each band; not in the weight variant"),
    AdapterSetting(
      "inner", .choice(Inner.allCases.map(\.rawValue)), "between the factors of the token variant"),
    AdapterSetting(
      "gridHeight", .integer(0...65_536), "rows of the token picture; 0 = the network's"),
    AdapterSetting(
      "gridWidth", .integer(0...65_536), "columns of the token picture; 0 = the network's"),
  ]

  /// What is transformed.
  public var variant = Variant.weight
  /// Components; of the LL band where bands have factors of their own.
  public var rank = 8
  /// Strength before the division by the rank.
  public var alpha = 8.0
  /// The filters.
  public var wavelet = Wavelet.haar
  /// Levels of ``Variant/weight``: each further one divides the LL band again.
  public var levels = 1
  /// Bands that are changed, of ``Variant/weight`` and ``Variant/token``.
  public var bands = Band.allCases
  /// Ranks of the bands of ``Variant/weight``; empty for rank, rank/2, rank/2 and rank/4.
  public var bandRanks: [Int] = []
  /// Whether ``Variant/feature`` and ``Variant/token`` train one gain for each band.
  public var gains = false
  /// What stands between the factors of ``Variant/token``.
  public var inner = Inner.identity
  /// Rows of the token picture; 0 for that of the network, or a square one with at most five tokens
  /// before it where the network does not say it.
  public var gridHeight = 0
  /// Columns of the token picture; 0 as for the rows.
  public var gridWidth = 0

  /// The defaults.
  public init() {}

  /// Makes settings; `alpha` is the rank where it is left out.
  public init(
    _ variant: Variant, rank: Int, alpha: Double? = nil, wavelet: Wavelet = .haar,
    levels: Int = 1, bands: [Band] = Band.allCases, bandRanks: [Int] = [], gains: Bool = false,
    inner: Inner = .identity
  ) {
    self.variant = variant
    self.rank = rank
    self.alpha = alpha ?? Double(rank)
    self.wavelet = wavelet
    self.levels = levels
    self.bands = bands
    self.bandRanks = bandRanks
    self.gains = gains
    self.inner = inner
  }

  /// What the change is multiplied by.
  public var scale: Float { Float(alpha / Double(rank)) }

  /// Whether the settings make ``Variant/token`` do exactly what ``LoRA`` does at more cost.
  public var isPlainLowRank: Bool {
    variant == .token && !gains && inner == .identity && Set(bands) == Set(Band.allCases)
  }

  /// Where the token variant is a dear ``LoRA``.
  public var advice: String? {
    guard isPlainLowRank else { return nil }
    return
      "wara's token variant without gains, with all bands and nothing between its factors computes "
      + "exactly what lora does; set adapter.gains=true or adapter.inner=gelu, leave bands out, or take "
      + "lora."
  }

  /// The picture of tokens at a site, where the network knows it and the settings do not say it.
  public func settled(at site: AdapterSite) -> WaRA {
    guard variant == .token, gridHeight == 0, let grid = site.tokenGrid else { return self }
    var method = self
    (method.gridHeight, method.gridWidth) = (grid.height, grid.width)
    return method
  }

  /// Why the tokens of a site hold no picture of the settings, or `nil` where they do or nobody knows.
  private func gridRefusal(at site: AdapterSite) -> String? {
    guard variant == .token, !isPlainLowRank, let grid = site.tokenGrid,
      site.geometry.kind == .linear
    else { return nil }
    guard gridHeight == grid.height, gridWidth == grid.width else {
      return
        "its tokens form a picture of \(grid.height)×\(grid.width), and gridHeight and gridWidth say "
        + "\(gridHeight)×\(gridWidth); leave both out"
    }
    guard layout(ofTokens: grid.prefix + grid.height * grid.width) == nil else { return nil }
    return "its tokens form a picture of \(grid.height)×\(grid.width), too small for the "
      + "\(wavelet.tapCount) taps of \(wavelet.rawValue); take the wavelet haar"
  }

  /// The rank of a band of ``Variant/weight``.
  func rank(of band: Band) -> Int {
    if let place = bands.firstIndex(of: band), place < bandRanks.count { return bandRanks[place] }
    switch band {
    case .ll: return rank
    case .lh, .hl: return max(rank / 2, 1)
    case .hh: return max(rank / 4, 1)
    }
  }

  /// Checks all settings.
  public func validate() throws(AdapterError) {
    try validateSettings()
    func require(_ holds: Bool, _ setting: String, _ reason: String) throws(AdapterError) {
      guard holds else {
        throw .invalidSetting(method: Self.name, setting: setting, reason: reason)
      }
    }
    try require(!bands.isEmpty, "bands", "is empty; name some of LL, LH, HL, HH")
    try require(Set(bands).count == bands.count, "bands", "names a band twice")
    try require(
      bandRanks.isEmpty || bandRanks.count == bands.count, "bandRanks",
      "has \(bandRanks.count) ranks for \(bands.count) bands")
    try require(
      bandRanks.isEmpty || variant == .weight, "bandRanks",
      "gives bands ranks of their own, which only the weight variant has")
    try require(
      variant != .feature || Set(bands) == Set(Band.allCases), "bands",
      "leaves some out, but the feature variant has one pair of factors for all")
    try require(
      !gains || variant != .weight, "gains", "is true, but the weight variant has no gains")
    try require(
      inner == .identity || variant == .token, "inner",
      "is \(inner.rawValue), but only the token variant has something between its factors")
    try require(
      variant == .token || gridHeight == 0, "gridHeight",
      "is \(gridHeight), but only the token variant sees a picture of tokens")
    try require(
      levels == 1 || (variant == .weight && bands.contains(.ll)), "levels",
      "is \(levels), but only the weight variant divides its LL band further")
    try require(
      gridHeight >= 0 && gridWidth >= 0 && (gridHeight == 0) == (gridWidth == 0), "gridHeight",
      "and gridWidth are \(gridHeight) and \(gridWidth); give both or none")
  }

  /// Sites without groups that are as long as the filter; tokens need maps of single pixels.
  public func refusal(of site: SiteGeometry) -> String? {
    if site.groups > 1 {
      return "it has \(site.groups) groups, and the wavelets run along all channels"
    }
    if variant == .token {
      return site.taps > 1 || site.stride > 1 || site.padding > 0
        ? "it mixes neighbouring pixels, and the token variant transforms over them" : nil
    }
    var (outputs, inputs) = (site.outputs, site.inputs)
    for _ in 0..<(variant == .weight ? levels : 1) {
      if min(outputs, inputs) < wavelet.tapCount {
        return "one of its axes has fewer numbers than the \(wavelet.tapCount) taps of "
          + wavelet.rawValue
      }
      (outputs, inputs) = (Wavelet.half(outputs), Wavelet.half(inputs))
    }
    return nil
  }

  /// The bands of ``Variant/weight`` with the sizes of their coefficients, coarser levels last.
  func pieces(at site: SiteGeometry) -> [(band: Band, level: Int, outputs: Int, inputs: Int)] {
    var (outputs, inputs) = (site.outputs, site.inputs)
    return (1...levels).flatMap { level in
      (outputs, inputs) = (Wavelet.half(outputs), Wavelet.half(inputs))
      return bands.filter { $0 != .ll || level == levels }.map { ($0, level, outputs, inputs) }
    }
  }

  /// Factors and gains.
  public func parameterCount(at site: SiteGeometry) -> Int {
    let (outputs, inputs) = (Wavelet.half(site.outputs), Wavelet.half(site.inputs) * site.taps)
    switch variant {
    case .weight:
      return pieces(at: site).reduce(0) {
        $0 + rank(of: $1.band) * ($1.outputs + $1.inputs * site.taps)
      }
    case .feature: return rank * (outputs + inputs) + (gains ? 2 : 0)
    case .token: return rank * (site.outputs + site.inputs) + (gains ? 4 : 0)
    }
  }

  /// Draws each A, sets each B to 0 and each gain to 1.
  public func makeAdapter(
    for site: AdapterSite, in attachment: Attachment
  ) throws(AdapterError) -> any SiteAdapter {
    if let reason = gridRefusal(at: site) {
      throw .unsuitableSite(method: Self.name, site: site.path, reason: reason)
    }
    var random = attachment.random(for: site)
    let geometry = site.geometry
    switch variant {
    case .weight: return WaveletWeightAdapter(self, at: geometry, random: &random)
    case .feature: return WaveletFeatureAdapter(self, at: geometry, random: &random)
    case .token: return WaveletTokenAdapter(self, at: geometry, random: &random)
    }
  }
}
