/// How the network of a PEFT file calls its modules, which our networks call as timm does.
enum PEFTNaming: Hashable {
  /// timm's own names behind a prefix, which is empty or that of Transformers' wrapper around timm.
  case timm(prefix: String)
  /// A vision transformer of Transformers, `prefix` before its own modules; version 5 renamed them.
  case transformers(prefix: String, isOld: Bool)

  private static let wrapper = "timm_model."

  /// Ends of paths in a block: ours, Transformers' before version 5, and from it on.
  ///
  /// Longer ends stand before shorter ones. The separate query, key and value maps are the parts of our fused one.
  private static let ends = [
    (".attn.qkv[q]", ".attention.attention.query", ".attention.q_proj"),
    (".attn.qkv[k]", ".attention.attention.key", ".attention.k_proj"),
    (".attn.qkv[v]", ".attention.attention.value", ".attention.v_proj"),
    (".attn.proj", ".attention.output.dense", ".attention.o_proj"),
    (".mlp.fc1", ".intermediate.dense", ".mlp.fc1"),
    (".mlp.fc2", ".output.dense", ".mlp.fc2"),
    (".norm1", ".layernorm_before", ".layernorm_before"),
    (".norm2", ".layernorm_after", ".layernorm_after"),
  ]

  /// Paths outside blocks: ours, and Transformers' behind its prefix.
  private static let others = [
    ("patch_embed.proj", "embeddings.patch_embeddings.projection"), ("norm", "layernorm"),
  ]

  private static let prefixes = ["vit.", ""]

  /// Recognises the names of a file by its modules.
  init(of modules: some Sequence<String>) {
    for module in modules {
      if module.hasPrefix(Self.wrapper) {
        self = .timm(prefix: Self.wrapper)
        return
      }
      if let found = Self.block(module) {
        self = found.naming
        return
      }
    }
    self = .timm(prefix: "")
  }

  /// A module in a block of Transformers: the naming it follows, and our path.
  private static func block(_ module: String) -> (naming: PEFTNaming, site: String)? {
    for prefix in prefixes {
      for (start, isOld) in [("encoder.layer.", true), ("layers.", false)] {
        guard module.hasPrefix(prefix + start) else { continue }
        let rest = module.dropFirst(prefix.count + start.count)
        let number = rest.prefix { $0.isNumber }
        let end = rest.dropFirst(number.count)
        guard !number.isEmpty,
          let found = ends.first(where: { end == (isOld ? $0.1 : $0.2) })
        else { continue }
        return (.transformers(prefix: prefix, isOld: isOld), "blocks.\(number)\(found.0)")
      }
    }
    return nil
  }

  /// Our name of a module of a PEFT file; unknown names stay.
  static func site(_ module: String) -> String {
    if module.hasPrefix(wrapper) { return String(module.dropFirst(wrapper.count)) }
    if let found = block(module) { return found.site }
    for (ours, theirs) in others where module == theirs || module == "vit." + theirs {
      return ours
    }
    return module == "classifier" ? "head" : module
  }

  /// What the file's network calls one of our modules or sites; `nil` where it has none.
  func module(of site: String) -> String? {
    switch self {
    case .timm(let prefix): return site.hasSuffix("]") ? nil : prefix + site
    case .transformers(let prefix, let isOld):
      if site == "head" { return "classifier" }
      if let other = Self.others.first(where: { $0.0 == site }) { return prefix + other.1 }
      guard site.hasPrefix("blocks.") else { return nil }
      let rest = site.dropFirst("blocks.".count)
      let number = rest.prefix { $0.isNumber }
      guard let end = Self.ends.first(where: { rest.dropFirst(number.count) == $0.0 }) else {
        return nil
      }
      return prefix + (isOld ? "encoder.layer." : "layers.") + number + (isOld ? end.1 : end.2)
    }
  }
}
