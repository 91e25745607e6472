import Adapters
import Gradients
import Layers
import Tensors

/// Parameters tuned in full: biases of adapted layers as such, everything else by whole modules.
extension PEFTWriting {
  mutating func addTuned() throws(AdapterFileError) {
    guard fields["peft_type"] as? String != "LN_TUNING", !adapter.tuned.isEmpty else { return }
    let tuned = Dictionary(uniqueKeysWithValues: adapter.tuned.map { ($0.path, $0.copy.value) })
    let adaptedPaths = Set(layerPaths)
    var placed: Set<String> = []
    var modules: [String] = []
    for (path, module) in network.modules where !path.isEmpty {
      let own = module.parameters.filter { !$0.path.contains(".") }
      let changed = own.map(\.path).filter { tuned["\(path).\($0)"] != nil }
      guard let first = changed.first else { continue }
      placed.formUnion(changed.map { "\(path).\($0)" })
      if adaptedPaths.contains(path) {
        try requireBias(changed, at: path)
      } else if let inner = adaptedBelow(path) {
        throw refusal(
          "it tunes \(path).\(first), for which PEFT would keep all of \(path), and PEFT adapts nothing "
            + "in a module that it keeps, such as \(inner); train without it, for colora with "
            + "adapter.tunesGains=false")
      } else {
        modules.append(path)
      }
    }
    addBiases(tuned)
    try addModules(
      modules.filter { path in !modules.contains { path.hasPrefix($0 + ".") } }, tuned)
    if let left = adapter.tuned.map(\.path).first(where: { !placed.contains($0) }) {
      throw refusal("it tunes \(left), which belongs to no module that PEFT could store")
    }
  }

  /// An adapted layer below a module.
  private func adaptedBelow(_ path: String) -> String? {
    layerPaths.first { $0.hasPrefix(path + ".") }
  }

  /// Of an adapted layer PEFT can keep the bias alone, and that only beside plain factors.
  private func requireBias(_ changed: [String], at path: String) throws(AdapterFileError) {
    guard changed == ["bias"] else {
      throw refusal("\(path) is adapted and its own weight is tuned as well")
    }
    let kind = fields["peft_type"] as? String ?? ""
    guard kind == "LORA" else {
      throw refusal(
        "the bias of \(path) is tuned beside the adapter, and PEFT's \(kind) keeps no biases")
    }
  }

  /// The biases of all adapted layers, where one of them is tuned: PEFT keeps all or none.
  private mutating func addBiases(_ tuned: [String: Tensor]) {
    guard layerPaths.contains(where: { tuned["\($0).bias"] != nil }) else { return }
    fields["bias"] = "lora_only"
    var seen: Set<String> = []
    for entry in adapter.attached where seen.insert(entry.site.layerPath).inserted {
      let path = entry.site.layerPath
      guard let bias = entry.site.layer.bias else { continue }
      tensors[key(path, "base_layer.bias")] = tuned["\(path).bias"] ?? bias.value
    }
  }

  /// Whole modules, and what else PEFT keeps because of their names.
  private mutating func addModules(
    _ modules: [String], _ tuned: [String: Tensor]
  ) throws(AdapterFileError) {
    guard !modules.isEmpty else { return }
    fields["modules_to_save"] = modules
    // PEFT takes the names as ends of paths, so that `norm` also keeps `attn.q_norm` whole.
    let kept = network.modules.filter { path, _ in
      !path.isEmpty && modules.contains { path.hasSuffix($0) }
    }
    for (path, module) in kept {
      if let adapted = layerPaths.first(where: { $0 == path }) ?? adaptedBelow(path) {
        throw refusal(
          "\(adapted) is adapted, and PEFT would keep \(path) whole, because its name ends like that "
            + "of a module tuned in full")
      }
      guard !kept.contains(where: { path.hasPrefix($0.path + ".") }) else {
        throw refusal(
          "PEFT would keep \(path) a second time within another module, because its name ends like "
            + "that of one tuned in full")
      }
      for (name, parameter) in module.parameters {
        tensors[key(path, name)] = tuned["\(path).\(name)"] ?? parameter.value
      }
      add(module.buffers, below: PEFTNames.prefix + path)
    }
  }

  /// Running statistics, which PEFT writes with a module; counters as integers.
  mutating func add(_ buffers: [(path: String, buffer: Buffer)], below start: String) {
    for (name, buffer) in buffers {
      tensors["\(start).\(name)"] = buffer.value
      if buffer.isInteger { integers.insert("\(start).\(name)") }
    }
  }
}
