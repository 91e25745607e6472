import Adapters
import Layers
import Tensors

/// Parameters of the base that a PEFT folder holds whole: biases, and modules that were saved.
extension PEFTReading {
  mutating func addParameters() throws {
    try addBiasesOfSites()
    let bias = configuration.text("bias") ?? "none"
    let parameters = adapted.network.parameters
    let known = Set(parameters.map(\.path))
    let buffers = Dictionary(
      uniqueKeysWithValues: adapted.network.buffers.map { ($0.path, $0.buffer) })
    func isAnnounced(_ name: String) -> Bool {
      theirs(name).map { targets.saves($0) } == true
        || (bias == "all" && (name == "bias" || name.hasSuffix(".bias")))
    }
    var missing: [String] = []
    for (name, _) in parameters where isAnnounced(name) && numbers[name] == nil {
      guard let tensor = takeOwn(name) else {
        missing.append(name)
        continue
      }
      plan.tuned.append("=" + name)
      numbers[name] = tensor
    }
    try leave(out: missing)
    for name in ownNames {
      guard let buffer = buffers[name], let tensor = takeOwn(name) else { continue }
      try requireEqual(tensor, buffer, named: name)
    }
    // Whatever is left and exists here is what PEFT would leave out without a word.
    if let name = ownNames.first(where: { known.contains($0) }) {
      throw AdapterFileError.unexpected(path: path, names: [name])
    }
  }

  /// Refuses running statistics that are not those of the base; counters of batches may go on.
  func requireEqual(
    _ tensor: Tensor, _ buffer: Buffer, named name: String
  ) throws(AdapterFileError) {
    let values = buffer.value.values
    guard tensor.count == values.count else {
      throw .shape(path: path, name: name, found: tensor.shape, wanted: buffer.value.shape)
    }
    guard !buffer.isInteger else { return }
    guard zip(tensor.values, values).allSatisfy({ abs($0 - $1) <= 1e-5 * max(1, abs($1)) })
    else {
      throw unsupported(
        "it changes the running statistics \(name), which adapters leave as the base has them")
    }
  }

  /// PEFT's name of a parameter of ours.
  private func theirs(_ parameter: String) -> String? {
    guard let dot = parameter.lastIndex(of: ".") else { return nil }
    return naming.module(of: String(parameter[..<dot])).map { $0 + parameter[dot...] }
  }

  /// Biases of adapted layers; those of separate maps that are parts of a fused one are put together.
  private mutating func addBiasesOfSites() throws(AdapterFileError) {
    let bias = configuration.text("bias") ?? "none"
    guard bias != "none" else { return }
    var missing: [String] = []
    for site in adapted.sites {
      guard let parameter = site.layer.bias else { continue }
      let whole = site.layerPath
      let places =
        [(whole, 0..<site.geometry.outputs)]
        + site.layer.parts.compactMap { part in
          site.layer.outputs(ofPart: part).map { ("\(whole)[\(part)]", $0) }
        }
      var (value, isFound) = (parameter.value, false)
      for (place, rows) in places where plan.sites.contains("=" + place) {
        guard let own = takeIfPresent("base_layer.bias", at: place) else {
          missing.append("\(place).base_layer.bias")
          continue
        }
        guard own.shape == [rows.count] else {
          throw .shape(
            path: path, name: "\(place).base_layer.bias", found: own.shape, wanted: [rows.count])
        }
        isFound = true
        for (index, row) in rows.enumerated() { value[row] = own[index] }
      }
      guard isFound else { continue }
      plan.tuned.append("=\(whole).bias")
      numbers["\(whole).bias"] = value
    }
    try leave(out: missing)
  }
}
