import Adapters
import Foundation
import Layers
import Tensors

/// The kinds of adapters that PEFT knows and that are read here.
extension PEFTReading {
  mutating func addKind() throws {
    switch configuration.kind {
    case "LORA": try addFactors()
    case "ADALORA": try addTriplets()
    case "LOHA":
      var method = LoHa()
      try addByName(
        &method, names: ["hada_w1_a", "hada_w1_b", "hada_w2_a", "hada_w2_b"],
        rank: { $0["hada_w1_a"]?.shape.last }, full: ["hada_t1", "hada_t2"])
    case "LOKR":
      var method = LoKr()
      method.factor = try configuration.whole("decompose_factor", default: -1)
      try addByName(
        &method, names: ["lokr_w1", "lokr_w2", "lokr_w2_a", "lokr_w2_b"],
        rank: { $0["lokr_w2_a"]?.shape.last }, full: ["lokr_t2", "lokr_w1_a", "lokr_w1_b"])
    case "VERA": try addSharedProjections()
    case "LN_TUNING": try addNormalizations()
    default:
      throw unsupported("only LORA, ADALORA, LOHA, LOKR, VERA and LN_TUNING are")
    }
  }

  // MARK: LoRA and its kin

  private mutating func addFactors() throws {
    try configuration.refuseOthers(than: [
      "r", "lora_alpha", "lora_dropout", "rank_pattern", "alpha_pattern", "bias", "use_rslora",
      "use_dora", "init_lora_weights",
    ])
    let isDirectional = configuration.flag("use_dora")
    let isStabilized = configuration.flag("use_rslora")
    let start = configuration.text("init_lora_weights") ?? "true"
    let isPrincipal = start.hasPrefix("pissa")
    // These alone leave the base as it is when PEFT loads the file.
    guard isPrincipal || ["true", "false", "gaussian", "eva", "orthogonal", "mica"].contains(start)
    else {
      throw unsupported(
        "it starts with \"\(start)\", which changes the base's weights when PEFT loads it; convert "
          + "it to plain LoRA in PEFT first")
    }
    guard !isPrincipal || !isDirectional else { throw unsupported("it joins PiSSA and DoRA") }
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
    let lengths = ["lora_magnitude_vector", "lora_magnitude_vector.weight"]
    for (site, geometry) in try sites(with: ["lora_A.weight", "lora_B.weight"] + lengths) {
      let wide = try take("lora_A.weight", at: site)
      let up = try take("lora_B.weight", at: site)
      let rank = wide.shape.first ?? 0
      guard takeIfPresent("lora_B.bias", at: site) == nil else {
        throw unsupported("it has biases on B")
      }
      guard up.rank != 4 || Array(up.shape.suffix(2)) == [1, 1] else {
        throw AdapterFileError.shape(
          path: path, name: "\(site).lora_B.weight", found: up.shape,
          wanted: [geometry.outputs, rank, 1, 1])
      }
      guard let down = PEFTShapes.blocks(of: wide, at: geometry) else {
        throw unsupported("\(site) mixes the groups of the base, which no merged weight can")
      }
      plan(
        site, rank: rank, alpha: try alpha(at: site, rank: rank, names: ("r", "lora_alpha")))
      numbers["\(site).lora_A.weight"] = down
      numbers["\(site).lora_B.weight"] =
        up.rank == 4 ? up.reshaped(Array(up.shape.prefix(2))) : up
      if isDirectional {
        let found =
          try takeIfPresent(lengths[1], at: site) ?? take(lengths[0], at: site)
        numbers["\(site).lora_magnitude_vector"] = found.reshaped([found.count])
      }
      if isPrincipal { starts.formUnion(["\(site).start_A", "\(site).start_B"]) }
    }
  }

  private mutating func addTriplets() throws {
    try configuration.refuseOthers(than: [
      "r", "init_r", "target_r", "lora_alpha", "lora_dropout", "orth_reg_weight", "bias",
      "rank_pattern", "init_lora_weights",
    ])
    var method = AdaLoRA()
    let first = try configuration.whole("init_r", default: 12)
    let strength = try configuration.number("lora_alpha", default: 8)
    method.rank = first
    method.alpha = strength
    // A target of the whole start drops nothing; PEFT takes it, and the numbers are what they are.
    method.targetRank = min(try configuration.whole("target_r", default: 8), first - 1)
    method.dropout = try configuration.number("lora_dropout", default: 0)
    method.orthogonality = try configuration.number("orth_reg_weight", default: 0.5)
    plan.method = method
    for (site, geometry) in try sites(with: ["lora_A", "lora_B", "lora_E"]) {
      let found = try take("lora_E", at: site)
      let down = try take("lora_A", at: site)
      let up = try take("lora_B", at: site)
      try requireComponents(found.count, at: site, first: first)
      guard found.count > 0 else { continue }
      // The strength keeps the rank of the start after components are gone.
      plan(
        site, rank: found.count,
        alpha: strength * (Double(found.count) + 1e-5) / (Double(first) + 1e-5))
      guard down.count == found.count * geometry.columns else {
        throw AdapterFileError.shape(
          path: path, name: "\(site).lora_A", found: down.shape,
          wanted: [found.count, geometry.columns])
      }
      numbers["\(site).lora_A"] = down.reshaped(geometry.shape(outputs: found.count))
      numbers["\(site).lora_E"] = found.reshaped([found.count, 1])
      numbers["\(site).lora_B"] = up
      starts.insert("\(site).mask")
    }
  }

  // MARK: Other kinds

  private mutating func addByName(
    _ method: inout some RankedMethod, names: [String], rank: ([String: Tensor]) -> Int?,
    full refused: [String]
  ) throws {
    try configuration.refuseOthers(than: [
      "r", "alpha", "rank_pattern", "alpha_pattern", "decompose_factor", "decompose_both",
      "use_effective_conv2d",
    ])
    method.rank = try configuration.whole("r", default: 8)
    method.alpha = try configuration.number("alpha", default: 8)
    plan.method = method
    for (site, _) in try sites(with: names + refused) {
      var values: [String: Tensor] = [:]
      for name in names + refused { values[name] = takeIfPresent(name, at: site) }
      if let name = refused.first(where: { values[$0] != nil }) {
        throw unsupported("\(site) has a factor \(name), a decomposition that is not built here")
      }
      let found =
        try rank(values) ?? describedRank(at: site, default: method.rank)
      let strength = try alpha(at: site, rank: found, names: ("r", "alpha"))
      plan(site, rank: found, alpha: strength)
      for (suffix, tensor) in values { numbers["\(site).\(suffix)"] = tensor }
    }
  }

  private mutating func addSharedProjections() throws {
    try configuration.refuseOthers(than: ["r", "vera_dropout", "d_initial", "bias"])
    var method = VeRA()
    method.rank = try configuration.whole("r", default: 256)
    method.dropout = try configuration.number("vera_dropout", default: 0)
    method.start = try configuration.number("d_initial", default: 0.1)
    plan.method = method
    for (site, _) in try sites(with: ["vera_lambda_b", "vera_lambda_d"]) {
      plan.sites.append("=" + site)
      for suffix in ["vera_lambda_b", "vera_lambda_d"] {
        numbers["\(site).\(suffix)"] = try take(suffix, at: site)
      }
    }
    for name in ["vera_A", "vera_B"] {
      guard let tensor = takeOwn("base_model.\(name)") else {
        throw unsupported(
          "the shared projection \(name) is not in the file; save it with save_projection")
      }
      // Projections of the size that the description names are made before these numbers are put in.
      let width = name == "vera_A" ? tensor.shape.first : tensor.shape.last
      guard width == method.rank else {
        throw AdapterFileError.rank(
          path: configuration.path, site: name, described: method.rank, found: width ?? 0)
      }
      numbers[name] = tensor
    }
  }

  private mutating func addNormalizations() throws {
    try configuration.refuseOthers(than: [])
    plan.method = NormalizationTuning()
    let layers = adapted.network.modules.filter { $0.module is any NormalizationLayer }
    try compare(
      found: openSites,
      announced: layers.map(\.path).filter { path in
        naming.module(of: path).map { targets.adapts($0, isLinear: false) } ?? false
      })
    for (path, layer) in layers {
      let own = layer.parameters.map(\.path)
      guard openSites.contains(path) else {
        // A file may name some of the normalisations only.
        starts.formUnion(own.map { "\(path).\($0)" })
        continue
      }
      for name in own {
        numbers["\(path).\(name)"] = try take("ln_tuning_layers.\(name)", at: path)
      }
      for (name, buffer) in layer.buffers {
        guard let found = takeIfPresent("ln_tuning_layers.\(name)", at: path) else { continue }
        try requireEqual(found, buffer, named: "\(path).\(name)")
      }
    }
  }
}
