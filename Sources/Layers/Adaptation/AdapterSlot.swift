import Gradients
public import Tensors

/// A layer whose map can be corrected by adapters.
public protocol AdaptableLayer: Module {
  /// The map's weight.
  var weight: Parameter { get }
  /// The map's bias.
  var bias: Parameter? { get }
  /// The whole map.
  var geometry: SiteGeometry { get }
  /// Names of equal parts that one fused map computes, such as `q`, `k`, `v`; empty for a plain map.
  var parts: [String] { get }
  /// Where adapters are plugged in.
  var adapters: AdapterSlot { get }
}

extension AdaptableLayer {
  /// The outputs of a part, or `nil` for an unknown name.
  public func outputs(ofPart name: String) -> Range<Int>? {
    guard let index = parts.firstIndex(of: name) else { return nil }
    let count = geometry.outputs / parts.count
    return index * count..<(index + 1) * count
  }
}

/// The place of one layer where named adapters are plugged in; empty, it costs nothing.
///
/// The base's weight is not touched until ``merge(into:)`` is asked for, and comes
/// back bit for bit by ``unmerge(from:)``.
public final class AdapterSlot {
  /// One adapter in the slot.
  public struct Entry {
    /// Name under which it was attached.
    public let name: String
    /// The adapter.
    public let adapter: any SiteAdapter
    /// The outputs it changes; `nil` for all.
    public let outputs: Range<Int>?
    /// Multiplies what it adds; 0 switches it off.
    public fileprivate(set) var strength: Float
  }

  /// Everything that is attached, in the order of attachment.
  public private(set) var entries: [Entry] = []
  /// Whether the weight holds the changes at present.
  public private(set) var isMerged = false
  private var base: Tensor?

  /// Makes an empty slot.
  public init() {}

  /// Whether a pass must look at the adapters.
  public var isActive: Bool { !isMerged && entries.contains { $0.strength != 0 } }

  /// Plugs an adapter in, switched on.
  public func attach(_ adapter: any SiteAdapter, named name: String, outputs: Range<Int>? = nil) {
    precondition(!isMerged, "AdapterSlot: unmerge before attaching \(name)")
    entries.append(Entry(name: name, adapter: adapter, outputs: outputs, strength: 1))
  }

  /// Takes every adapter of a name out.
  public func detach(_ name: String) {
    precondition(!isMerged, "AdapterSlot: unmerge before detaching \(name)")
    entries.removeAll { $0.name == name }
  }

  /// Sets how strongly each named adapter acts; a name that is left out is switched off.
  public func setStrengths(_ strengths: [String: Float]) {
    precondition(!isMerged, "AdapterSlot: unmerge before switching")
    for index in entries.indices { entries[index].strength = strengths[entries[index].name] ?? 0 }
  }

  /// The output of the layer with all active adapters.
  func output(
    of input: Variable, layer: some AdaptableLayer, bias other: Variable? = nil,
    activation: Activation = .identity, in context: ForwardContext
  ) -> Variable {
    let geometry = layer.geometry
    let weight = context.variable(layer.weight)
    let bias = other ?? layer.bias.map { context.variable($0) }
    guard isActive else {
      return geometry.product(input, weight: weight, bias: bias, activation: activation)
    }
    var (terms, changed, hasWeightChange) = ([LowRankTerm](), weight, false)
    var additions: [(Entry, (Variable, Variable) -> Variable)] = []
    for entry in entries where entry.strength != 0 {
      let (site, own) = view(of: entry, geometry: geometry, weight: weight.value)
      switch entry.adapter.effect(at: site, weight: own, input: input, in: context) {
      case .none: continue
      case .lowRank(let found): terms += found.map { scaled($0, for: entry) }
      case .weight(let change):
        hasWeightChange = true
        changed =
          changed
          + widened(change * entry.strength, entry.outputs, of: geometry.outputs, axis: 0)
      case .output(let addition): additions.append((entry, addition))
      }
    }
    guard !additions.isEmpty else {
      return geometry.product(
        input, weight: changed, bias: bias, activation: activation, terms: terms)
    }
    // An addition may depend on the base's own product, so that one is needed by itself.
    let product = geometry.product(input, weight: weight)
    var sum = product
    for (entry, addition) in additions {
      let axis = product.shape.count - 1
      let own = entry.outputs.map { product.slice($0, axis: axis) } ?? product
      sum =
        sum
        + widened(
          addition(own, input) * entry.strength, entry.outputs, of: geometry.outputs, axis: axis)
    }
    if hasWeightChange || !terms.isEmpty {
      sum = sum + geometry.product(input, weight: changed - weight, terms: terms)
    }
    if let bias { sum = sum.addingRow(bias) }
    switch activation {
    case .identity: return sum
    case .gaussianErrorLinear: return sum.gaussianErrorLinear()
    }
  }

  private func scaled(_ term: LowRankTerm, for entry: Entry) -> LowRankTerm {
    var term = term
    term.scale *= entry.strength
    if let range = entry.outputs { term.outputs = range }
    return term
  }

  /// The part of the base that an entry sees.
  private func view(
    of entry: Entry, geometry: SiteGeometry, weight: Tensor
  ) -> (SiteGeometry, Variable) {
    guard let range = entry.outputs else { return (geometry, Variable(weight)) }
    return (geometry.part(range), Variable(weight.rows(range)))
  }

  /// Zeros around a change of some outputs.
  private func widened(
    _ change: Variable, _ range: Range<Int>?, of total: Int, axis: Int
  ) -> Variable {
    guard let range else { return change }
    func zeros(_ count: Int) -> [Variable] {
      var shape = change.shape
      shape[axis] = count
      return count == 0 ? [] : [Variable(Tensor(zeros: shape))]
    }
    return Variable.concatenated(
      zeros(range.lowerBound) + [change] + zeros(total - range.upperBound), axis: axis)
  }

  /// The layer's weight with the changes of all active adapters, or `nil` where one has no such form.
  ///
  /// A trained copy that stands in for the weight must have been merged before.
  public func mergedWeight(of layer: some AdaptableLayer) -> Tensor? {
    let weight = layer.weight.value
    var sum = weight
    for entry in entries where entry.strength != 0 {
      let (site, own) = view(of: entry, geometry: layer.geometry, weight: weight)
      guard let change = entry.adapter.weightChange(at: site, of: own) else { return nil }
      sum.add(
        widened(change, entry.outputs, of: layer.geometry.outputs, axis: 0).value,
        scaledBy: entry.strength)
    }
    return sum
  }

  /// Writes the merged weight into the layer and keeps the base's own for ``unmerge(from:)``.
  ///
  /// - Returns: whether the weight could be merged; if not, nothing has changed.
  public func merge(into layer: some AdaptableLayer) -> Bool {
    guard isActive else { return true }
    guard let merged = mergedWeight(of: layer) else { return false }
    base = layer.weight.value
    layer.weight.value = merged
    isMerged = true
    return true
  }

  /// The first active adapter that no single weight can express.
  public func firstWithoutWeight(of layer: some AdaptableLayer) -> String? {
    entries.first { entry in
      guard entry.strength != 0 else { return false }
      let (site, own) = view(of: entry, geometry: layer.geometry, weight: layer.weight.value)
      return entry.adapter.weightChange(at: site, of: own) == nil
    }?.name
  }

  /// Puts the base's own weight back.
  public func unmerge(from layer: some AdaptableLayer) {
    guard isMerged, let base else { return }
    layer.weight.value = base
    self.base = nil
    isMerged = false
  }

  /// Makes a merge final: the adapters and the base's own weight are forgotten.
  public func finishMerge() {
    entries = []
    base = nil
    isMerged = false
  }
}
