import Layers

extension AdaptedNetwork {
  /// Writes what the active adapters change into the base's weights, so that they cost nothing more.
  ///
  /// - Parameter keepingBase: whether the base's own weights are kept for ``unmerge()``. Without them
  ///   the merge is final: the adapters are gone afterwards, and the network is a plain one.
  /// - Throws: `AdapterError.notMergeable` where a change is no change of the weight; nothing has
  ///   changed then.
  public func merge(keepingBase: Bool = true) throws(AdapterError) {
    guard !isMerged else { throw .merged }
    // Copies first: adapters change the weight that a copy stands in for, as they do in a pass.
    for (_, parameter) in network.parameters { parameter.tuning?.merge(into: parameter) }
    for site in sites where !site.layer.adapters.merge(into: site.layer) {
      let name = culprit(at: site)
      restoreBase()
      throw .notMergeable(name: name, site: site.layerPath)
    }
    isMerged = true
    if !keepingBase { finishMerge() }
  }

  /// Takes a merge back: the base's weights are what they were, bit for bit.
  public func unmerge() {
    guard isMerged else { return }
    restoreBase()
    isMerged = false
  }

  /// Undoes what a merge did, in the opposite order.
  private func restoreBase() {
    for site in sites { site.layer.adapters.unmerge(from: site.layer) }
    for (_, parameter) in network.parameters { parameter.tuning?.unmerge(from: parameter) }
  }

  private func finishMerge() {
    for site in sites { site.layer.adapters.finishMerge() }
    for (_, parameter) in network.parameters { parameter.tuning = nil }
    isMerged = false
    for name in adapters.map(\.name) { forget(name) }
  }

  /// The first active adapter of a site that has no weight form.
  private func culprit(at site: AdapterSite) -> String {
    site.layer.adapters.firstWithoutWeight(of: site.layer) ?? "default"
  }
}
