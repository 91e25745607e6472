import Adapters
import Foundation
import Layers
import Tensors

/// What a PEFT folder asks for, in our terms: a plan, and the numbers by our paths.
struct PEFTReading {
  /// The plan with full paths.
  private(set) var plan: AdapterPlan
  /// Tensors by our paths and in our shapes.
  private(set) var numbers: [String: Tensor] = [:]

  private let configuration: PEFTConfiguration
  private let path: String
  private let sites: [String: SiteGeometry]
  private var grouped: [String: [String: Tensor]] = [:]
  private var starts: Set<String> = []

  init(
    _ configuration: PEFTConfiguration, tensors: [String: Tensor], path: String,
    adapted: AdaptedNetwork
  ) throws {
    self.configuration = configuration
    self.path = path
    plan = AdapterPlan(LoRA())
    var sites: [String: SiteGeometry] = [:]
    for site in adapted.sites {
      sites[site.layerPath] = site.geometry
      for part in site.layer.parts {
        guard let range = site.layer.outputs(ofPart: part) else { continue }
        sites["\(site.layerPath)[\(part)]"] = site.geometry.part(range)
      }
    }
    self.sites = sites
    var own: [String: Tensor] = [:]
    for (key, tensor) in tensors {
      let (site, suffix) = PEFTNames.split(key)
      if let suffix {
        grouped[site, default: [:]][suffix] = tensor
      } else {
        own[site] = tensor
      }
    }
    try addKind(&own, adapted: adapted)
    try addTuned(own, adapted: adapted)
    guard !plan.sites.isEmpty || plan.method is NormalizationTuning else {
      throw AdapterFileError.malformed(
        path: path, reason: "it holds no numbers of an adapted layer")
    }
  }

  /// Whether a number of ours may keep its start, because PEFT's file never holds it.
  func keepsStart(_ path: String) -> Bool { starts.contains(path) }

  private mutating func addKind(
    _ own: inout [String: Tensor], adapted: AdaptedNetwork
  ) throws {
    switch configuration.kind {
    case "LORA": try addFactors()
    case "ADALORA": try addTriplets()
    case "LOHA":
      var method = LoHa()
      try addByName(&method, rank: { $0["hada_w1_a"]?.shape.last }, full: ["hada_t1", "hada_t2"])
    case "LOKR":
      var method = LoKr()
      method.factor = Int(try configuration.number("decompose_factor", default: -1))
      try addByName(
        &method, rank: { $0["lokr_w2_a"]?.shape.last }, full: ["lokr_t2", "lokr_w1_a"])
    case "VERA": try addSharedProjections(&own)
    case "LN_TUNING": addNormalizations(of: adapted)
    default:
      throw unsupported("only LORA, ADALORA, LOHA, LOKR, VERA and LN_TUNING are")
    }
  }

  private func unsupported(_ reason: String) -> AdapterFileError {
    .unsupported(path: configuration.path, kind: configuration.kind, reason: reason)
  }

  private func geometry(_ site: String) throws(AdapterFileError) -> SiteGeometry {
    guard let found = sites[site] else { throw .unexpected(path: path, names: [site]) }
    return found
  }

  private func part(
    _ suffix: String, of values: [String: Tensor], at site: String
  ) throws(AdapterFileError) -> Tensor {
    guard let found = values[suffix] else {
      throw .missing(path: path, names: ["\(site).\(suffix)"])
    }
    return found
  }

  /// The sites that have a suffix, in order; a bias of the base is no site.
  private func adaptedSites(with suffix: String) -> [(site: String, values: [String: Tensor])] {
    grouped.filter { $0.value[suffix] != nil }.sorted { $0.key < $1.key }
      .map { ($0.key, $0.value) }
  }

  /// Checks the rank of the description against the tensors' and answers alpha.
  private func alpha(
    at site: String, rank: Int, names: (rank: String, alpha: String)
  ) throws(AdapterFileError) -> Double {
    let path = site.split(separator: "[").first.map(String.init) ?? site
    var described = try configuration.number(names.rank, default: 8)
    if let own = try configuration.pattern("rank_pattern", at: path) { described = own }
    guard Int(described) == rank else {
      throw .rank(path: configuration.path, site: site, described: Int(described), found: rank)
    }
    if let own = try configuration.pattern("alpha_pattern", at: path) { return own }
    return try configuration.number(names.alpha, default: 8)
  }

  private mutating func plan(_ site: String, rank: Int, alpha: Double) {
    plan.sites.append("=" + site)
    plan.ranks[site] = rank
    plan.alphas[site] = alpha
  }

  // MARK: LoRA and its kin

  private mutating func addFactors() throws {
    let isDirectional = configuration.flag("use_dora")
    let isStabilized = configuration.flag("use_rslora")
    let start = configuration.text("init_lora_weights") ?? "true"
    let isPrincipal = start.hasPrefix("pissa")
    guard !["olora", "corda", "loftq"].contains(start) else {
      throw unsupported(
        "it starts with \"\(start)\", which changes the base's weights when PEFT loads it; convert "
          + "it to plain LoRA in PEFT first")
    }
    guard !isPrincipal || !isDirectional else {
      throw unsupported("it joins PiSSA and DoRA")
    }
    let dropout = try configuration.number("lora_dropout", default: 0)
    if isDirectional {
      var method = DoRA()
      (method.rankStabilized, method.dropout) = (isStabilized, dropout)
      plan.method = method
    } else if isPrincipal {
      guard !isStabilized else { throw unsupported("it joins PiSSA and rank stabilisation") }
      var method = PiSSA()
      method.dropout = dropout
      plan.method = method
    } else {
      plan.method = LoRA(rank: 8, rankStabilized: isStabilized, dropout: dropout)
    }
    for (site, values) in adaptedSites(with: "lora_A.weight") {
      let geometry = try geometry(site)
      let wide = try part("lora_A.weight", of: values, at: site)
      let up = try part("lora_B.weight", of: values, at: site)
      let rank = wide.shape.first ?? 0
      guard values["lora_B.bias"] == nil else { throw unsupported("it has biases on B") }
      guard let down = PEFTShapes.blocks(of: wide, at: geometry) else {
        throw unsupported("\(site) mixes the groups of the base, which no merged weight can")
      }
      plan(
        site, rank: rank, alpha: try alpha(at: site, rank: rank, names: ("r", "lora_alpha")))
      numbers["\(site).lora_A.weight"] = down
      numbers["\(site).lora_B.weight"] =
        up.rank == 4 ? up.reshaped(Array(up.shape.prefix(2))) : up
      if isDirectional {
        let lengths =
          try values["lora_magnitude_vector.weight"]
          ?? part("lora_magnitude_vector", of: values, at: site)
        numbers["\(site).lora_magnitude_vector"] = lengths.reshaped([lengths.count])
      }
      if isPrincipal { starts.formUnion(["\(site).start_A", "\(site).start_B"]) }
    }
  }

  private mutating func addTriplets() throws {
    var method = AdaLoRA()
    let first = Int(try configuration.number("init_r", default: 12))
    let strength = try configuration.number("lora_alpha", default: 8)
    method.rank = first
    method.alpha = strength
    method.targetRank = Int(try configuration.number("target_r", default: 8))
    method.dropout = try configuration.number("lora_dropout", default: 0)
    method.orthogonality = try configuration.number("orth_reg_weight", default: 0.5)
    plan.method = method
    for (site, values) in adaptedSites(with: "lora_E") {
      let geometry = try geometry(site)
      let found = try part("lora_E", of: values, at: site)
      guard found.count > 0 else { continue }
      // The strength keeps the rank of the start after components are gone.
      plan(
        site, rank: found.count,
        alpha: strength * (Double(found.count) + 1e-5) / (Double(first) + 1e-5))
      let down = try part("lora_A", of: values, at: site)
      guard down.count == found.count * geometry.columns else {
        throw AdapterFileError.shape(
          path: path, name: "\(site).lora_A", found: down.shape,
          wanted: [found.count, geometry.columns])
      }
      numbers["\(site).lora_A"] = down.reshaped(geometry.shape(outputs: found.count))
      numbers["\(site).lora_E"] = found.reshaped([found.count, 1])
      numbers["\(site).lora_B"] = try part("lora_B", of: values, at: site)
      starts.insert("\(site).mask")
    }
  }

  // MARK: Other kinds

  private mutating func addByName(
    _ method: inout some RankedMethod, rank: ([String: Tensor]) -> Int?, full refused: [String]
  ) throws {
    method.rank = Int(try configuration.number("r", default: 8))
    method.alpha = try configuration.number("alpha", default: 8)
    plan.method = method
    for (site, values) in grouped.sorted(by: { $0.key < $1.key }) {
      _ = try geometry(site)
      if let name = refused.first(where: { values[$0] != nil }) {
        throw unsupported("\(site) has a factor \(name), a decomposition that is not built here")
      }
      let described =
        try configuration.pattern("rank_pattern", at: site).map { Int($0) } ?? method.rank
      let found = rank(values) ?? described
      let strength = try alpha(at: site, rank: found, names: ("r", "alpha"))
      plan(site, rank: found, alpha: strength)
      for (suffix, tensor) in values { numbers["\(site).\(suffix)"] = tensor }
    }
  }

  private mutating func addSharedProjections(_ own: inout [String: Tensor]) throws {
    var method = VeRA()
    method.rank = Int(try configuration.number("r", default: 256))
    method.dropout = try configuration.number("vera_dropout", default: 0)
    method.start = try configuration.number("d_initial", default: 0.1)
    plan.method = method
    for (site, values) in adaptedSites(with: "vera_lambda_b") {
      _ = try geometry(site)
      plan.sites.append("=" + site)
      for (suffix, tensor) in values { numbers["\(site).\(suffix)"] = tensor }
    }
    for name in ["vera_A", "vera_B"] {
      guard let tensor = own.removeValue(forKey: "base_model.\(name)") else {
        throw unsupported(
          "the shared projection \(name) is not in the file; save it with save_projection")
      }
      numbers[name] = tensor
    }
  }

  private mutating func addNormalizations(of adapted: AdaptedNetwork) {
    plan.method = NormalizationTuning()
    // A file may hold some of the normalisations only.
    for entry in adapted.tunableParameters where entry.role == .normalization {
      let module = entry.path.split(separator: ".").dropLast().joined(separator: ".")
      if grouped[module] == nil { starts.insert(entry.path) }
    }
    for (site, values) in grouped {
      for (suffix, tensor) in values where suffix.hasPrefix("ln_tuning_layers.") {
        numbers["\(site).\(suffix.dropFirst("ln_tuning_layers.".count))"] = tensor
      }
    }
  }

  // MARK: Parameters of the base

  private mutating func addTuned(
    _ own: [String: Tensor], adapted: AdaptedNetwork
  ) throws {
    let parameters = Set(adapted.network.parameters.map(\.path))
    let buffers = Dictionary(
      uniqueKeysWithValues: adapted.network.buffers.map { ($0.path, $0.buffer.value) })
    for (site, values) in grouped {
      guard let bias = values["base_layer.bias"] else { continue }
      plan.tuned.append("=\(site).bias")
      numbers["\(site).bias"] = bias
    }
    for (name, tensor) in own.sorted(by: { $0.key < $1.key }) {
      if parameters.contains(name) {
        plan.tuned.append("=" + name)
        numbers[name] = tensor
        continue
      }
      guard let buffer = buffers[name] else {
        throw AdapterFileError.unexpected(path: path, names: [name])
      }
      let values = buffer.values
      guard tensor.count == values.count,
        zip(tensor.values, values).allSatisfy({ abs($0 - $1) <= 1e-5 * max(1, abs($1)) })
      else {
        throw unsupported(
          "it changes the running statistics \(name), which adapters leave as the base has them")
      }
    }
  }
}
