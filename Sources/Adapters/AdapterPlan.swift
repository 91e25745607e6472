/// What is attached where: a method with its settings, site patterns, and exceptions by site.
///
/// A plan is what a person asks for, what an allocator answers, and what an adapter's file repeats.
public struct AdapterPlan: Sendable {
  /// The method and its settings.
  public var method: any AdapterMethod
  /// Site patterns; empty for every site that the method takes, pictures' first convolution aside.
  public var sites: [String]
  /// Patterns of layers to leave out.
  public var excluded: [String]
  /// Rank by site path, in place of the method's.
  public var ranks: [String: Int]
  /// Alpha by site path, in place of the method's.
  public var alphas: [String: Double]
  /// Patterns of parameters that are tuned in full, beside those the method itself names.
  public var tuned: [String]

  /// Makes a plan.
  public init(
    _ method: any AdapterMethod, sites: [String] = [], excluded: [String] = [],
    ranks: [String: Int] = [:], alphas: [String: Double] = [:], tuned: [String] = []
  ) {
    self.method = method
    self.sites = sites
    self.excluded = excluded
    self.ranks = ranks
    self.alphas = alphas
    self.tuned = tuned
  }

  /// The method with the settings, the rank and the alpha of one site.
  func method(at site: AdapterSite) throws(AdapterError) -> any AdapterMethod {
    let (rank, alpha) = (ranks[site.path], alphas[site.path])
    let settled = method.settled(at: site)
    guard rank != nil || alpha != nil else { return settled }
    guard var ranked = settled as? any RankedMethod else {
      throw .invalidSetting(
        method: type(of: method).name, setting: "ranks",
        reason: "gives \(site.path) a rank, but the method has none")
    }
    if let rank { ranked.rank = rank }
    if let alpha { ranked.alpha = alpha }
    // Rules between settings, such as a budget that falls, are those of the whole plan.
    try ranked.validateSettings()
    guard ranked.rank >= 1, ranked.alpha > 0, ranked.alpha.isFinite else {
      throw .invalidSetting(
        method: type(of: method).name, setting: "ranks",
        reason:
          "gives \(site.path) the rank \(ranked.rank) and the alpha \(ranked.alpha), which must be "
          + "1 or more and above 0")
    }
    return ranked
  }

  /// Leaves every site out, for plans that tune parameters alone: no sites would mean all of them.
  public mutating func excludeAll(of adapted: AdaptedNetwork) {
    sites = []
    excluded = adapted.sites.map { "=" + $0.layerPath }
  }
}

extension AdapterPlan: Codable {
  private enum CodingKeys: String, CodingKey {
    case method, settings, sites, excluded, ranks, alphas, tuned
  }

  /// Reads a plan; the method is found by its name.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    let name = try values.decode(String.self, forKey: .method)
    let type = try AdapterCatalog.type(named: name)
    method = try type.init(from: try values.superDecoder(forKey: .settings))
    sites = try values.decode([String].self, forKey: .sites)
    excluded = try values.decode([String].self, forKey: .excluded)
    ranks = try values.decode([String: Int].self, forKey: .ranks)
    alphas = try values.decode([String: Double].self, forKey: .alphas)
    tuned = try values.decode([String].self, forKey: .tuned)
  }

  /// Writes the plan with the method's name.
  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(type(of: method).name, forKey: .method)
    try method.encode(to: values.superEncoder(forKey: .settings))
    try values.encode(sites, forKey: .sites)
    try values.encode(excluded, forKey: .excluded)
    try values.encode(ranks, forKey: .ranks)
    try values.encode(alphas, forKey: .alphas)
    try values.encode(tuned, forKey: .tuned)
  }
}
