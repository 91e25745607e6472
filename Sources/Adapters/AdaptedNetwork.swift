public import Layers
public import Tensors

/// A network with its adapter sites: attaches named adapters, switches, mixes, merges and removes them.
///
/// The base's numbers change only on ``merge(keepingBase:)``, and ``unmerge()`` brings them back bit
/// for bit.
///
/// ```swift
/// let adapted = AdaptedNetwork(network)
/// let camera = try adapted.attach(
///   AdapterPlan(LoRA(rank: 8), sites: ["attn.qkv"]), named: "camera", random: random)
/// let optimizer = AdamW(camera.parameters)
/// ```
public final class AdaptedNetwork {
  /// The network.
  public let network: any Module
  /// Every linear map and convolution, in the order of the network.
  public let sites: [AdapterSite]
  /// What is attached, in the order of attachment.
  public private(set) var adapters: [NetworkAdapter] = []
  /// How strongly each adapter acts; those that are left out are off.
  public private(set) var strengths: [String: Float] = [:]
  /// Whether the weights hold the changes at present.
  public internal(set) var isMerged = false
  private var wasTrainable: [ObjectIdentifier: Bool] = [:]

  /// Finds the sites of a network; nothing changes yet.
  public init(_ network: any Module) {
    self.network = network
    let modules = network.modules
    let grids = modules.compactMap { path, module in
      (module as? any TokenPicture).map { (path.isEmpty ? "" : path + ".", $0.tokenGrid) }
    }
    sites = modules.compactMap { path, module in
      guard let layer = module as? any AdaptableLayer else { return nil }
      // The innermost network around a layer says how its tokens lie.
      let grid = grids.last { path.hasPrefix($0.0) }?.1
      return AdapterSite(layerPath: path, layer: layer, tokenGrid: grid)
    }
  }

  /// Attaches an adapter, switches it on beside those that are on, and freezes the base.
  ///
  /// - Parameters:
  ///   - plan: method, sites, exceptions.
  ///   - name: how it is switched and detached.
  ///   - random: where the starts are drawn from; each site has a stream of its own.
  ///   - statistics: what pictures of the task do at the sites, by site path, for methods that start
  ///     from it; ``statistics(at:passes:loss:)`` measures it.
  ///   - freezesBase: whether the base's parameters stop being trained until the last adapter goes.
  ///   - original: the plan that the adapter is to keep, where `plan` is one from a file that names
  ///     its sites one by one.
  @discardableResult
  public func attach(
    _ plan: AdapterPlan, named name: String = "default", random: RandomStream,
    statistics: [String: SiteStatistics] = [:], freezesBase: Bool = true,
    restoring original: AdapterPlan? = nil
  ) throws(AdapterError) -> NetworkAdapter {
    guard !isMerged else { throw .merged }
    guard !adapters.contains(where: { $0.name == name }) else { throw .nameTaken(name: name) }
    try plan.method.validate()
    let chosen = try chosenSites(of: plan)
    let tuned = try chosenParameters(of: plan)
    guard !chosen.isEmpty || !tuned.isEmpty else {
      throw .nothingToAdapt(method: type(of: plan.method).name)
    }
    try plan.method.validate(at: chosen)
    let attachment = Attachment(sites: chosen, random: random, statistics: statistics)
    var attached: [NetworkAdapter.Attached] = []
    for site in chosen {
      let method = try plan.method(at: site)
      attached.append(
        .init(
          site: site, adapter: try method.makeAdapter(for: site, in: attachment), method: method))
    }
    // Nothing can fail from here on.
    if freezesBase { freezeBase() }
    for entry in attached {
      entry.site.layer.adapters.attach(entry.adapter, named: name, outputs: entry.site.outputs)
    }
    let copies = tuned.map { entry in
      let tuning = entry.parameter.tuning ?? ParameterTuning()
      entry.parameter.tuning = tuning
      return NetworkAdapter.Tuned(
        path: entry.path, base: entry.parameter,
        copy: tuning.attach(copyOf: entry.parameter, named: name))
    }
    let adapter = NetworkAdapter(
      name: name, plan: original ?? plan, attached: attached, tuned: copies,
      shared: attachment.shared)
    adapters.append(adapter)
    strengths[name] = 1
    apply()
    return adapter
  }

  /// Removes an adapter; with the last one the base is trained again where it was before.
  public func detach(_ name: String) throws(AdapterError) {
    guard !isMerged else { throw .merged }
    let adapter = try adapter(named: name)
    for entry in adapter.attached { entry.site.layer.adapters.detach(name) }
    for entry in adapter.tuned {
      entry.base.tuning?.detach(name)
      if entry.base.tuning?.entries.isEmpty == true { entry.base.tuning = nil }
    }
    forget(name)
  }

  /// Drops an adapter from the list.
  func forget(_ name: String) {
    adapters.removeAll { $0.name == name }
    strengths[name] = nil
    guard adapters.isEmpty else { return }
    for (_, parameter) in network.parameters {
      if let before = wasTrainable[ObjectIdentifier(parameter)] { parameter.isTrainable = before }
    }
    wasTrainable = [:]
  }

  /// Switches to a mixture: the named adapters act with these strengths, all others are off.
  ///
  /// `activate(["night": 1])` switches, `activate(["night": 0.5, "rain": 0.5])` mixes,
  /// `activate([:])` gives the base.
  public func activate(_ mixture: [String: Float]) throws(AdapterError) {
    guard !isMerged else { throw .merged }
    for name in mixture.keys.sorted() { _ = try adapter(named: name) }
    strengths = mixture
    apply()
  }

  /// The adapter of a name.
  public func adapter(named name: String) throws(AdapterError) -> NetworkAdapter {
    guard let found = adapters.first(where: { $0.name == name }) else {
      throw .notAttached(name: name, known: adapters.map(\.name))
    }
    return found
  }

  /// How much is trained: the active adapters, and the base where it is not frozen.
  public var trainableShare: TrainableShare {
    let active = adapters.filter { strengths[$0.name, default: 0] != 0 }
      .reduce(0) { $0 + $1.parameterCount }
    let added = adapters.reduce(0) { sum, adapter in
      sum + adapter.parameterCount - adapter.tuned.reduce(0) { $0 + $1.base.value.count }
    }
    return TrainableShare(
      trained: active + network.parameterCount(trainableOnly: true),
      total: network.parameterCount() + added)
  }

  private func freezeBase() {
    for (_, parameter) in network.parameters {
      let identifier = ObjectIdentifier(parameter)
      if wasTrainable[identifier] == nil { wasTrainable[identifier] = parameter.isTrainable }
      parameter.isTrainable = false
    }
  }

  private func apply() {
    for site in sites { site.layer.adapters.setStrengths(strengths) }
    for (_, parameter) in network.parameters { parameter.tuning?.setStrengths(strengths) }
  }
}
