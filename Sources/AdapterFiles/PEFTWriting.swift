import Adapters
import Foundation
import Gradients
import Layers
import Tensors

/// Collects what a PEFT folder holds for one adapter.
struct PEFTWriting {
  /// The description.
  var fields: [String: Any]
  /// Tensors by PEFT's key.
  var tensors: [String: Tensor] = [:]
  /// Keys of tensors that PEFT keeps as integers.
  var integers: Set<String> = []
  let adapter: NetworkAdapter
  let network: any Module

  init(_ adapter: NetworkAdapter, network: any Module) throws(AdapterFileError) {
    self.adapter = adapter
    self.network = network
    fields = ["task_type": NSNull(), "inference_mode": true]
  }

  func refusal(_ reason: String) -> AdapterFileError {
    .notExpressible(name: adapter.name, reason: reason)
  }

  func key(_ site: String, _ suffix: String) -> String {
    "\(PEFTNames.prefix)\(site).\(suffix)"
  }

  var layerPaths: [String] {
    var seen: Set<String> = []
    return adapter.attached.map(\.site.layerPath).filter { seen.insert($0).inserted }
  }

  /// The numbers at the sites.
  mutating func addSites() throws(AdapterFileError) {
    fields["target_modules"] = targets(layerPaths)
    if adapter.attached.isEmpty { return try addNormalizations() }
    switch adapter.plan.method {
    case is DoRA: try addDirections()
    case let method as VeRA: try addSharedProjections(method)
    case is LoHa: try addByName("LOHA")
    case let method as LoKr:
      try addByName("LOKR")
      fields["decompose_factor"] = method.factor
    case let method as AdaLoRA: try addTriplets(method)
    default: try addFactors()
    }
  }

  private func targets(_ paths: [String]) -> Any {
    PEFTNames.targets(paths, among: network.modules.map(\.path))
  }

  private func numbers(_ entry: NetworkAdapter.Attached) -> [String: Tensor] {
    Dictionary(
      uniqueKeysWithValues: entry.adapter.parameters.map { ($0.path, $0.parameter.value) })
  }

  private func requireWholeLayers() throws(AdapterFileError) {
    for entry in adapter.attached where entry.site.part != nil {
      throw refusal(
        "\(entry.site.path) is a part of a fused map, and PEFT adapts \(entry.site.layerPath) whole"
      )
    }
  }

  // MARK: Low-rank factors

  /// Everything that is exactly low-rank, as plain factors.
  private mutating func addFactors() throws(AdapterFileError) {
    fields["peft_type"] = "LORA"
    fields["bias"] = "none"
    fields["init_lora_weights"] = true
    fields["fan_in_fan_out"] = false
    var (ranks, alphas) = ([String: Any](), [String: Any]())
    for path in layerPaths {
      let form = try wholeForm(at: path)
      let (rank, alpha) = add(form, at: path)
      ranks[PEFTNames.anchored(path)] = rank
      alphas[PEFTNames.anchored(path)] = alpha
    }
    setRanks(ranks, alphas)
    let dropout = (adapter.plan.method as? LoRA)?.dropout ?? 0
    fields["lora_dropout"] = dropout
  }

  /// Writes one rank and alpha for all sites where they agree, else one full path for each.
  private mutating func setRanks(_ ranks: [String: Any], _ alphas: [String: Any]) {
    let (all, strengths) = (
      Set(ranks.values.compactMap { $0 as? Int }), Set(alphas.values.compactMap { $0 as? Double })
    )
    fields["r"] = all.max() ?? 8
    fields["lora_alpha"] = strengths.max() ?? 8
    fields["rank_pattern"] = all.count > 1 ? ranks : [:]
    fields["alpha_pattern"] = strengths.count > 1 ? alphas : [:]
  }

  /// The factors of a layer; those of its parts stand beside each other, with zeros between.
  private func wholeForm(
    at path: String
  ) throws(AdapterFileError) -> (form: LowRankForm, geometry: SiteGeometry) {
    let entries = adapter.attached.filter { $0.site.layerPath == path }
    let whole = entries[0].site.layer.geometry
    var forms: [(LowRankForm, Range<Int>)] = []
    for entry in entries {
      guard let exact = entry.adapter as? any LowRankExpressible,
        let form = exact.lowRankForm(at: entry.site.geometry)
      else {
        throw refusal(
          adapter.plan.method is PETALface
            ? "its branches are blended by the quality of each picture; give one quality for all of "
              + "them with --quality"
            : "its method \(type(of: adapter.plan.method).name) has no form there, and at "
              + "\(entry.site.path) its change is not exactly low-rank")
      }
      forms.append((form, entry.site.outputs ?? 0..<whole.outputs))
    }
    if forms.count == 1, forms[0].1.count == whole.outputs { return (forms[0].0, whole) }
    let rank = forms.reduce(0) { $0 + $1.0.down.shape[0] }
    var up = [Float](repeating: 0, count: whole.outputs * rank)
    var first = 0
    for (form, range) in forms {
      let (own, values) = (form.down.shape[0], form.up.values)
      for row in range {
        for column in 0..<own {
          // Parts may differ in scale, so the scale goes into B.
          up[row * rank + first + column] =
            values[(row - range.lowerBound) * own + column] * form.scale
        }
      }
      first += own
    }
    let downs = forms.flatMap { $0.0.down.values }
    return (
      LowRankForm(
        down: Tensor(downs, shape: whole.shape(outputs: rank)),
        up: Tensor(up, shape: [whole.outputs, rank]), scale: 1), whole
    )
  }

  /// Adds A and B in PEFT's shapes and answers rank and alpha.
  private mutating func add(
    _ found: (form: LowRankForm, geometry: SiteGeometry), at path: String
  ) -> (rank: Int, alpha: Double) {
    let (form, geometry) = found
    let rank = form.down.shape[0]
    tensors[key(path, "lora_A.weight")] = PEFTShapes.down(form.down, at: geometry)
    tensors[key(path, "lora_B.weight")] =
      geometry.kind == .linear ? form.up : form.up.reshaped(form.up.shape + [1, 1])
    return (rank, Double(form.scale) * Double(rank))
  }

  private mutating func addDirections() throws(AdapterFileError) {
    try requireWholeLayers()
    fields["peft_type"] = "LORA"
    fields["bias"] = "none"
    fields["init_lora_weights"] = true
    fields["fan_in_fan_out"] = false
    fields["use_dora"] = true
    var (ranks, alphas) = ([String: Any](), [String: Any]())
    for entry in adapter.attached {
      guard let directions = entry.adapter as? DirectionAdapter else { continue }
      let (path, geometry) = (entry.site.path, entry.site.geometry)
      guard geometry.groups == 1 else {
        throw refusal("\(path) has \(geometry.groups) groups, which PEFT's DoRA measures wrongly")
      }
      let form = LowRankForm(
        down: directions.down.value, up: directions.up.value, scale: directions.scale)
      let (rank, alpha) = add((form, geometry), at: path)
      ranks[PEFTNames.anchored(path)] = rank
      alphas[PEFTNames.anchored(path)] = alpha
      let lengths = directions.magnitude.value
      tensors[key(path, "lora_magnitude_vector")] =
        geometry.kind == .linear ? lengths : lengths.reshaped([1, lengths.count, 1, 1])
    }
    setRanks(ranks, alphas)
    fields["lora_dropout"] = (adapter.plan.method as? DoRA)?.dropout ?? 0
  }

  private mutating func addTriplets(_ method: AdaLoRA) throws(AdapterFileError) {
    try requireWholeLayers()
    fields["peft_type"] = "ADALORA"
    fields["bias"] = "none"
    fields["init_lora_weights"] = true
    fields["r"] = method.rank
    fields["init_r"] = method.rank
    fields["target_r"] = method.targetRank
    fields["lora_alpha"] = method.alpha
    fields["lora_dropout"] = method.dropout
    fields["orth_reg_weight"] = method.orthogonality
    // PEFT refuses a description without a schedule; the budget is spent already.
    fields["total_step"] = 1
    fields["tinit"] = 0
    fields["tfinal"] = 0
    var kept: [String: [Bool]] = [:]
    for entry in adapter.attached {
      guard let triplets = entry.adapter as? TripletAdapter else { continue }
      let (path, geometry) = (entry.site.path, entry.site.geometry)
      // PEFT divides by the rank of the start at every site, however many components are left.
      let scale = Float(method.alpha / (Double(method.rank) + 1e-5))
      let marks = triplets.mask.value.values.map { $0 != 0 }
      guard marks.count <= method.rank, abs(triplets.scale - scale) <= 1e-5 * scale else {
        throw refusal(
          "\(path) has a rank and a strength of its own, and PEFT's AdaLoRA starts alike at every site"
        )
      }
      let rows = marks.indices.filter { marks[$0] }
      let line = geometry.columns
      let (down, up) = (triplets.down.value.values, triplets.up.value.values)
      let values = triplets.values.value.values
      tensors[key(path, "lora_A")] = Tensor(
        rows.flatMap { down[$0 * line..<($0 + 1) * line] }, shape: [rows.count, line])
      tensors[key(path, "lora_E")] = Tensor(rows.map { values[$0] }, shape: [rows.count, 1])
      tensors[key(path, "lora_B")] = Tensor(
        (0..<geometry.outputs).flatMap { output in rows.map { up[output * marks.count + $0] } },
        shape: [geometry.outputs, rows.count])
      // Rows that an earlier file had lost already stand behind those that are known.
      kept["\(path).lora_E"] =
        marks + [Bool](repeating: false, count: method.rank - marks.count)
    }
    if kept.values.contains(where: { $0.contains(false) }) { fields["rank_pattern"] = kept }
  }

  // MARK: Other kinds

  /// Methods whose names and shapes are PEFT's own.
  private mutating func addByName(_ kind: String) throws(AdapterFileError) {
    try requireWholeLayers()
    fields["peft_type"] = kind
    fields["init_weights"] = true
    let ranked = adapter.plan.method as? any RankedMethod
    fields["r"] = ranked?.rank ?? 8
    fields["alpha"] = ranked?.alpha ?? 8
    fields["rank_pattern"] = Self.anchored(adapter.plan.ranks)
    fields["alpha_pattern"] = Self.anchored(adapter.plan.alphas)
    for entry in adapter.attached {
      for (name, value) in numbers(entry) { tensors[key(entry.site.path, name)] = value }
    }
  }

  private static func anchored<Value>(_ table: [String: Value]) -> [String: Value] {
    Dictionary(uniqueKeysWithValues: table.map { (PEFTNames.anchored($0.key), $0.value) })
  }

  private mutating func addSharedProjections(_ method: VeRA) throws(AdapterFileError) {
    try requireWholeLayers()
    for entry in adapter.attached where entry.site.geometry.kind != .linear {
      throw refusal("\(entry.site.path) is a convolution, and PEFT's VeRA takes linear maps alone")
    }
    fields["peft_type"] = "VERA"
    fields["bias"] = "none"
    fields["r"] = method.rank
    fields["vera_dropout"] = method.dropout
    fields["d_initial"] = method.start
    fields["save_projection"] = true
    fields["init_weights"] = true
    for (name, buffer) in adapter.shared { tensors["base_model.\(name)"] = buffer.value }
    for entry in adapter.attached {
      for (name, value) in numbers(entry) { tensors[key(entry.site.path, name)] = value }
    }
  }

  private mutating func addNormalizations() throws(AdapterFileError) {
    guard adapter.plan.method is NormalizationTuning else {
      throw refusal(
        "PEFT knows no method that trains chosen parameters alone, as "
          + "\(type(of: adapter.plan.method).name) does")
    }
    fields["peft_type"] = "LN_TUNING"
    let tuned = Dictionary(uniqueKeysWithValues: adapter.tuned.map { ($0.path, $0.copy.value) })
    var modules: [String] = []
    for (path, module) in network.modules where module is any NormalizationLayer {
      let own = module.parameters.map { (name: $0.path, path: "\(path).\($0.path)") }
      guard own.contains(where: { tuned[$0.path] != nil }) else { continue }
      modules.append(path)
      for (name, full) in own {
        tensors[key(path, "ln_tuning_layers.\(name)")] = tuned[full]
      }
      add(module.buffers, below: key(path, "ln_tuning_layers"))
    }
    fields["target_modules"] = targets(modules)
  }
}
