import Layers

extension AdaptedNetwork {
  /// The sites that patterns name, in the order of the network, each once.
  ///
  /// - Throws: `AdapterError.unmatchedSites` or `.unknownPart` for a pattern that fits nothing.
  public func sites(
    matching patterns: [String], excluding excluded: [String] = []
  ) throws(AdapterError) -> [AdapterSite] {
    let paths = sites.map(\.layerPath)
    var refused: Set<String> = []
    for text in excluded {
      let found = paths.filter { SitePattern(text).fits($0) }
      guard !found.isEmpty else { throw unmatched(text, paths) }
      refused.formUnion(found)
    }
    var chosen: [String: AdapterSite] = [:]
    for text in patterns {
      let pattern = SitePattern(text)
      let found = sites.filter { site in
        switch pattern.layers {
        case "all": true
        case "all-linear": site.geometry.kind == .linear
        case "all-convolution": site.geometry.kind == .convolution
        default: pattern.fits(site.layerPath)
        }
      }
      guard !found.isEmpty else { throw unmatched(text, paths) }
      for site in found where !refused.contains(site.layerPath) {
        if pattern.parts.isEmpty { chosen[site.path] = site }
        for part in pattern.parts {
          guard let own = AdapterSite(site, part: part) else {
            throw .unknownPart(
              pattern: text, site: site.layerPath, part: part, known: site.layer.parts)
          }
          chosen[own.path] = own
        }
      }
    }
    return sites.flatMap { site in
      let parts = site.layer.parts.compactMap { chosen["\(site.layerPath)[\($0)]"] }
      // A whole layer covers its parts.
      return chosen[site.path].map { [$0] } ?? parts
    }
  }

  private func unmatched(_ pattern: String, _ paths: [String]) -> AdapterError {
    .unmatchedSites(
      pattern: pattern,
      nearest: SitePattern.nearestEnd(to: SitePattern(pattern).layers, among: paths))
  }

  /// The sites of a plan: those it names, all of which must suit, or all that suit.
  func chosenSites(of plan: AdapterPlan) throws(AdapterError) -> [AdapterSite] {
    let isDefault = plan.sites.isEmpty
    let candidates = try sites(
      matching: isDefault ? ["all"] : plan.sites, excluding: plan.excluded)
    let broad: Set<String> = ["all", "all-linear", "all-convolution"]
    let isBroad = isDefault || plan.sites.allSatisfy { broad.contains($0) }
    var chosen: [AdapterSite] = []
    for site in candidates {
      // The map of raw pictures has so few inputs that an adapter would be as large as the map.
      if isDefault, site.geometry.kind == .convolution, site.geometry.inputs <= 4 { continue }
      let method = try plan.method(at: site)
      guard let reason = method.refusal(of: site.geometry) else {
        chosen.append(site)
        continue
      }
      if !isBroad {
        throw .unsuitableSite(method: type(of: method).name, site: site.path, reason: reason)
      }
    }
    let known = Set(chosen.map(\.path))
    for path in (Array(plan.ranks.keys) + plan.alphas.keys).sorted() where !known.contains(path) {
      throw .unmatchedSites(
        pattern: path, nearest: SitePattern.nearestEnd(to: path, among: known.sorted()))
    }
    return chosen
  }

  /// Every parameter of the base with what it is for.
  public var tunableParameters: [TunableParameter] {
    var roles: [ObjectIdentifier: (TunableParameter.Role, SiteGeometry?)] = [:]
    for (_, module) in network.modules {
      if let layer = module as? any AdaptableLayer {
        roles[ObjectIdentifier(layer.weight)] = (.weight, layer.geometry)
        if let bias = layer.bias { roles[ObjectIdentifier(bias)] = (.bias, layer.geometry) }
      } else if module is any NormalizationLayer {
        for (_, parameter) in module.parameters {
          roles[ObjectIdentifier(parameter)] = (.normalization, nil)
        }
      } else if let holder = module as? any BiasHolder {
        for bias in holder.ownBiases { roles[ObjectIdentifier(bias)] = (.bias, nil) }
      }
    }
    return network.parameters.map { path, parameter in
      let (role, geometry) = roles[ObjectIdentifier(parameter)] ?? (.other, nil)
      return TunableParameter(path: path, parameter: parameter, role: role, geometry: geometry)
    }
  }

  /// The parameters that a plan tunes in full.
  func chosenParameters(of plan: AdapterPlan) throws(AdapterError) -> [TunableParameter] {
    let all = tunableParameters
    var named: Set<String> = []
    for pattern in plan.tuned {
      let found = all.filter { SitePattern.fits(pattern, $0.path) }
      guard !found.isEmpty else {
        throw .unmatchedParameters(
          pattern: pattern, nearest: SitePattern.nearestEnd(to: pattern, among: all.map(\.path)))
      }
      named.formUnion(found.map(\.path))
    }
    return all.filter { named.contains($0.path) || plan.method.tunes($0) }
  }
}
