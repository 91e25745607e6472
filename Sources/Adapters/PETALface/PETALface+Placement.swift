import Spelling

/// Where the branches sit.
extension PETALface {
  /// Ends of the paths of maps between the features and the embedding: of PETALface's own network and of
  /// networks with a feature layer behind the pooled map.
  private static let embeddingMaps = ["feature_layer.2", "feat"]

  /// The paper's plan for a network: gated branches on every fused map of query, key and value, one branch
  /// without gate on the map to the embedding where the network has it, and what ``single`` names.
  ///
  /// A pattern with `*` in ``single`` says which of these have one branch and adds no others. Networks
  /// without fused maps are adapted at every site that suits.
  ///
  /// - Parameter excluded: patterns of layers to leave out.
  public func plan(for adapted: AdaptedNetwork, excluding excluded: [String] = []) -> AdapterPlan {
    let paths = adapted.sites.map(\.layerPath)
    func fits(_ patterns: [String], _ path: String) -> Bool {
      patterns.contains { SitePattern($0).fits(path) }
    }
    guard paths.contains(where: { fits(["attn.qkv"], $0) }) else {
      return AdapterPlan(self, excluded: excluded)
    }
    let maps = paths.filter { fits(Self.embeddingMaps, $0) && !fits(excluded, $0) }.map { "=" + $0 }
    var method = self
    method.single += maps
    let named = single.filter { !$0.contains("*") }
    return AdapterPlan(method, sites: ["attn.qkv"] + named + maps, excluded: excluded)
  }

  /// One branch without gate where ``single`` names the site.
  public func settled(at site: AdapterSite) -> PETALface {
    var method = self
    method.isGated = !single.contains { SitePattern($0).fits(site.layerPath) }
    return method
  }

  /// Refuses patterns of ``single`` that fit no adapted site.
  public func validate(at sites: [AdapterSite]) throws(AdapterError) {
    let paths = sites.map(\.layerPath)
    for text in single where !paths.contains(where: { SitePattern(text).fits($0) }) {
      let nearest = SitePattern.nearestEnd(to: text, among: paths)
      throw .invalidSetting(
        method: Self.name, setting: "single",
        reason: "names \"\(text)\", which fits no adapted layer\(AdapterError.hint(nearest))")
    }
  }
}
