import Layers
public import Tensors

/// AdaLoRA's rule: the components of all sites are ranked by importance, and the budget falls with the
/// cube of the time left.
///
/// The sensitivity of a number is `|p · ∂p|`, read before the update; its running mean times the
/// running mean of its spread is its importance. A component counts that of its value, and the means
/// of those of its two vectors.
/// **Source**: arXiv 2303.10512, equations 8 to 12; order of ties and rounding as in PEFT.
public final class ImportanceAllocator: Allocator {
  private let sites: [(path: String, adapter: TripletAdapter)]
  private let settings: AdaLoRA
  private var sensitivity: [String: Tensor] = [:]
  private var uncertainty: [String: Tensor] = [:]

  init?(_ adapter: NetworkAdapter, settings: AdaLoRA) {
    sites = adapter.attached.compactMap { entry in
      (entry.adapter as? TripletAdapter).map { (entry.site.path, $0) }
    }
    guard !sites.isEmpty else { return nil }
    self.settings = settings
  }

  /// Components in use, by site path.
  public var ranks: [String: Int] {
    Dictionary(uniqueKeysWithValues: sites.map { ($0.path, $0.adapter.rank) })
  }

  /// The masks are no parameters, so no average blurs them.
  public func dropping() -> () -> Void {
    { for (_, adapter) in self.sites { adapter.clearMasked() } }
  }

  /// Components of all sites at the start.
  private var initialBudget: Int { sites.reduce(0) { $0 + $1.adapter.values.value.count } }

  /// The step up to which everything is kept, and the step of the last decision.
  private func bounds(of total: Int) -> (first: Int, last: Int) {
    let first = Int(settings.warmUp * Double(total))
    return (first, max(min(total - Int(settings.coolDown * Double(total)), total - 1), first + 1))
  }

  /// Components that may be in use at a step.
  ///
  /// The whole at first, the target at last, and between them the cube of the share of time left.
  public func budget(step: Int, of total: Int) -> Int {
    let (first, last) = bounds(of: total)
    let target = min(settings.targetRank * sites.count, initialBudget)
    if step <= first { return initialBudget }
    if step > last { return target }
    let left = 1 - Double(step - first) / Double(last - first)
    return Int(Double(initialBudget - target) * left * left * left + Double(target))
  }

  /// Updates the means of sensitivity and uncertainty.
  public func afterBackward(step: Int, of total: Int) {
    guard step <= bounds(of: total).last else { return }
    let (first, second) = (
      Float(settings.sensitivityMemory), Float(settings.uncertaintyMemory)
    )
    for (path, adapter) in sites {
      for (name, parameter) in adapter.parameters {
        guard let gradient = parameter.gradient else { continue }
        let key = "\(path).\(name)"
        let now = zip(parameter.value.values, gradient.values).map { abs($0 * $1) }
        var mean = sensitivity[key]?.values ?? [Float](repeating: 0, count: now.count)
        var spread = uncertainty[key]?.values ?? [Float](repeating: 0, count: now.count)
        for index in now.indices {
          mean[index] = first * mean[index] + (1 - first) * now[index]
          spread[index] = second * spread[index] + (1 - second) * abs(now[index] - mean[index])
        }
        sensitivity[key] = Tensor(mean, shape: parameter.value.shape)
        uncertainty[key] = Tensor(spread, shape: parameter.value.shape)
      }
    }
  }

  /// Drops components at each decision; after the last one, keeps what is dropped at 0.
  public func afterUpdate(step: Int, of total: Int) {
    let (first, last) = bounds(of: total)
    if step > first, step < last, step % settings.interval == 0 {
      decide(keeping: budget(step: step, of: total))
    } else if step == last {
      decide(keeping: min(settings.targetRank * sites.count, initialBudget))
    } else if step > last {
      for (_, adapter) in sites { adapter.clearMasked() }
    }
  }

  private func decide(keeping budget: Int) {
    let scores = sites.map { importances(at: $0.path, of: $0.adapter) }
    let dropped = initialBudget - budget
    guard dropped > 0 else { return }
    let threshold = scores.flatMap { $0 }.sorted()[dropped - 1]
    for (site, own) in zip(sites, scores) { site.adapter.keep(own.map { $0 > threshold }) }
  }

  /// The importance of each component of a site.
  private func importances(at path: String, of adapter: TripletAdapter) -> [Float] {
    let rank = adapter.values.value.count
    func importance(_ name: String) -> [Float] {
      let key = "\(path).\(name)"
      guard let mean = sensitivity[key], let spread = uncertainty[key] else { return [] }
      return zip(mean.values, spread.values).map { $0 * $1 }
    }
    var scores = [Float](repeating: 0, count: rank)
    let (values, down, up) = (importance("lora_E"), importance("lora_A"), importance("lora_B"))
    guard !values.isEmpty, !down.isEmpty, !up.isEmpty else { return scores }
    let (columns, outputs) = (down.count / rank, up.count / rank)
    for component in 0..<rank {
      var (row, column) = (Float(0), Float(0))
      for index in 0..<columns { row += down[component * columns + index] }
      for index in 0..<outputs { column += up[index * rank + component] }
      scores[component] = values[component] + row / Float(columns) + column / Float(outputs)
    }
    return scores
  }

  /// Means of sensitivity and uncertainty by number; the masks are the adapter's own.
  public var state: [String: Tensor] {
    var state: [String: Tensor] = [:]
    for (key, value) in sensitivity { state["\(key).sensitivity"] = value }
    for (key, value) in uncertainty { state["\(key).uncertainty"] = value }
    return state
  }

  /// Takes the means of a saved state.
  public func restore(_ state: [String: Tensor]) throws(AdapterError) {
    var known: [String: [Int]] = [:]
    for (path, adapter) in sites {
      for (name, parameter) in adapter.parameters {
        known["\(path).\(name)"] = parameter.value.shape
      }
    }
    var restored: [String: [String: Tensor]] = ["sensitivity": [:], "uncertainty": [:]]
    for (name, value) in state {
      let parts = name.split(separator: ".")
      let (kind, key) = (String(parts.last ?? ""), parts.dropLast().joined(separator: "."))
      guard restored[kind] != nil, let shape = known[key] else {
        throw .unsuitableState(name: name, reason: "belongs to no site of this adapter")
      }
      guard shape == value.shape else {
        throw .unsuitableState(name: name, reason: "has shape \(value.shape), not \(shape)")
      }
      restored[kind]?[key] = value
    }
    // Before the first step there is nothing; from then on there is everything.
    for (kind, found) in restored where !state.isEmpty {
      if let missing = known.keys.filter({ found[$0] == nil }).min() {
        throw .unsuitableState(name: "\(missing).\(kind)", reason: "is missing")
      }
    }
    sensitivity = restored["sensitivity"] ?? [:]
    uncertainty = restored["uncertainty"] ?? [:]
  }
}
