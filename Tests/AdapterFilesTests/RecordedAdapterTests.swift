import Adapters
import Foundation
import Gradients
import Layers
import Storage
import Tensors
import Testing

@testable import AdapterFiles

/// PEFT's own folders, read here: outputs and gradients are what PEFT computed.
struct RecordedAdapterTests {
  @Test(arguments: ["transformer", "convnet", "batchnet"])
  func `the networks themselves agree`(kind: String) throws {
    let (network, input) = try Golden.network(of: kind)
    let expected = try #require(try Golden.tensors("\(kind).safetensors")["output"])
    let found = network.output(Variable(input), in: .inference()).value
    #expect(relativeDifference(found, expected) < 1e-5)
  }

  @Test(arguments: Golden.cases)
  func `output and gradients of PEFT`(name: String) throws {
    let (network, input) = try Golden.network(of: name)
    let expected = try Golden.tensors("\(name)/expected.safetensors")
    let adapted = AdaptedNetwork(network.weights)
    let adapter = try PEFTFolder.read(
      try Golden.url(name), into: adapted, allowsPartial: name.hasPrefix("classifier"))
    let context = ForwardContext.recordedInference()
    let output = network.output(Variable(input), in: context)
    let wanted = try #require(expected["output"])
    #expect(relativeDifference(output.value, wanted) < 2e-5)
    let projection = expected["projection"]
    #expect(projection != nil)
    context.backward(from: output, seed: projection)
    var gradients: [String: Tensor] = [:]
    for (path, parameter) in adapter.parameters { gradients[path] = parameter.gradient }
    var compared: Set<String> = []
    for (key, value) in expected where key.hasPrefix("gradient.") {
      let entry = PEFTNames.entry(String(key.dropFirst("gradient.".count)))
      let (site, suffix) = (entry.site, entry.suffix)
      // Biases of separate maps are rows of that of our fused one.
      if site.hasSuffix("]"), suffix == "base_layer.bias" {
        let own = site.prefix { $0 != "[" } + ".bias"
        let place = try #require(["[q]", "[k]", "[v]"].firstIndex { site.hasSuffix($0) })
        let found = try #require(gradients[String(own)], "\(key)")
        let rows = place * value.count..<(place + 1) * value.count
        #expect(relativeDifference(found.rows(rows), value) < 2e-4, "\(key)")
        compared.insert(String(own))
        continue
      }
      // PEFT and ours name the trained tensors of a module alike but for these.
      let own = suffix.map { suffix -> String in
        switch suffix {
        case "base_layer.bias": "\(site).bias"
        case "lora_magnitude_vector.weight": "\(site).lora_magnitude_vector"
        case _ where suffix.hasPrefix("ln_tuning_layers."):
          "\(site).\(suffix.dropFirst("ln_tuning_layers.".count))"
        default: "\(site).\(suffix)"
        }
      }
      let found = try #require(gradients[own ?? site], "\(key)")
      // Gradients of dropped triplets are tiny beside the others of their tensor.
      #expect(relativeDifference(found, value) < 2e-4, "\(key)")
      compared.insert(own ?? site)
    }
    #expect(compared == Set(gradients.keys))
    try adapted.merge()
    let merged = network.output(Variable(input), in: .inference()).value
    #expect(relativeDifference(merged, wanted) < 2e-5)
  }

  @Test(arguments: Golden.cases.filter { !$0.hasPrefix("classifier") })
  func `written and read again, nothing changes`(name: String) throws {
    let (network, input) = try Golden.network(of: name)
    let adapted = AdaptedNetwork(network.weights)
    let adapter = try PEFTFolder.read(try Golden.url(name), into: adapted)
    let before = network.output(Variable(input), in: .inference()).value
    try withTemporaryFolder { folder in
      try PEFTFolder.write(adapter, of: adapted, to: folder)
      try adapted.detach("default")
      try PEFTFolder.read(folder, into: adapted)
      let after = network.output(Variable(input), in: .inference()).value
      #expect(relativeDifference(after, before) < 1e-5)
    }
  }

  @Test(arguments: ["saved-batchnet", "lntuning-batchnet"])
  func `running statistics are read and written as PyTorch has them`(name: String) throws {
    let (network, _) = try Golden.network(of: name)
    let adapted = AdaptedNetwork(network.weights)
    let adapter = try PEFTFolder.read(try Golden.url(name), into: adapted)
    let recorded = try SafetensorsFile(
      contentsOf: try Golden.url("\(name)/adapter_model.safetensors"))
    try withTemporaryFolder { folder in
      try PEFTFolder.write(adapter, of: adapted, to: folder)
      let written = try SafetensorsFile(
        contentsOf: folder.appendingPathComponent(PEFTFolder.tensorsName))
      #expect(
        Dictionary(uniqueKeysWithValues: written.tensors.map { ($0.name, $0.type) })
          == Dictionary(uniqueKeysWithValues: recorded.tensors.map { ($0.name, $0.type) }))
      for entry in recorded.tensors where entry.name.contains("running") {
        #expect(try written.floats(entry.name) == recorded.floats(entry.name), "\(entry.name)")
      }
    }
    // Another base's statistics would change what the saved module computes.
    try adapted.detach("default")
    let mean = try #require(
      network.weights.buffers.first { $0.path == "bn1.running_mean" })
    mean.buffer.value[0] += 0.01
    do {
      try PEFTFolder.read(try Golden.url(name), into: adapted)
      Issue.record("other running statistics were taken")
    } catch let error as AdapterFileError {
      #expect(error.description.contains("running statistics bn1.running_mean"))
    }
    #expect(adapted.adapters.isEmpty)
  }

  @Test func `AdaLoRA's rule and its term of the loss are PEFT's`() throws {
    let recorded = try Golden.tensors("adalora-rule.safetensors")
    let (network, _) = try Golden.network(of: "transformer")
    let adapted = AdaptedNetwork(network.weights)
    let adapter = try PEFTFolder.read(try Golden.url("adalora-transformer"), into: adapted)
    let penalty = try #require(
      adapter.penalty(in: .training(random: RandomStream(seed: 0))))
    let wanted = try #require(recorded["penalty"])
    #expect(wanted.scalar > 0.1)
    #expect(abs(penalty.value.scalar - wanted.scalar) < 1e-5 * wanted.scalar)
    let allocator = try #require(adapter.makeAllocator())
    for step in 0..<5 {
      for (path, parameter) in adapter.parameters {
        let gradient = try #require(recorded["gradient.\(step).\(path)"], "\(path)")
        parameter.gradient = gradient
      }
      allocator.afterBackward(step: step, of: 10)
    }
    for (name, value) in allocator.state {
      let parts = name.split(separator: ".")
      let key = "\(parts[parts.count - 1]).\(parts.dropLast().joined(separator: "."))"
      let expected = try #require(recorded[key], "\(key)")
      #expect(relativeDifference(value, expected) < 1e-5, "\(key)")
    }
    #expect(allocator.state.count == 2 * adapter.parameters.count)
    // The last decision of a run of ten steps.
    allocator.afterUpdate(step: 7, of: 10)
    for entry in adapter.attached {
      let mask = try #require(entry.adapter.buffers.first { $0.path == "mask" }?.buffer.value)
      #expect(mask.values == recorded["mask.\(entry.site.path)"]?.values, "\(entry.site.path)")
    }
  }

  /// The folder of a classifier with its tensors and description changed.
  private func withClassifier<Result>(
    tensors change: (String) -> String = { $0 },
    description: (inout [String: Any]) -> Void = { _ in },
    _ body: (URL) throws -> Result
  ) throws -> Result {
    let source = try Golden.url("classifier-transformers")
    let tensors = try Golden.tensors("classifier-transformers/adapter_model.safetensors")
    return try withTemporaryFolder { folder in
      try AdapterTensors.write(
        Dictionary(uniqueKeysWithValues: tensors.map { (change($0.key), $0.value) }),
        to: folder.appendingPathComponent(PEFTFolder.tensorsName))
      let data = try Data(
        contentsOf: source.appendingPathComponent(PEFTFolder.descriptionName))
      var fields = try #require(
        try JSONSerialization.jsonObject(with: data) as? [String: Any])
      description(&fields)
      try JSONSerialization.data(withJSONObject: fields).write(
        to: folder.appendingPathComponent(PEFTFolder.descriptionName))
      return try body(folder)
    }
  }

  @Test func `patterns fit the names of Transformers before its version 5 too`() throws {
    let renamed = [
      ("vit.layers.", "vit.encoder.layer."), ("attention.q_proj", "attention.attention.query"),
      ("attention.v_proj", "attention.attention.value"),
      ("attention.o_proj", "attention.output.dense"), ("mlp.fc1", "intermediate.dense"),
    ]
    func old(_ key: String) -> String {
      renamed.reduce(key) { $0.replacingOccurrences(of: $1.0, with: $1.1) }
    }
    try withClassifier(
      tensors: old,
      description: { fields in
        // "value" is the end of Transformers' path and of none of ours.
        fields["rank_pattern"] = ["value": 3]
        fields["alpha_pattern"] = ["value": 32]
        fields["target_modules"] = [
          "query", "value", "attention.output.dense", "intermediate.dense",
        ]
      }
    ) { folder in
      let (network, input) = try Golden.network(of: "classifier-transformers")
      let adapted = AdaptedNetwork(network.weights)
      var leftOut: [String] = []
      let adapter = try PEFTFolder.read(folder, into: adapted, allowsPartial: true) {
        leftOut = $0
      }
      #expect(leftOut == ["head.bias", "head.weight"])
      #expect(adapter.plan.ranks["blocks.0.attn.qkv[v]"] == 3)
      #expect(adapter.plan.alphas["blocks.0.attn.qkv[v]"] == 32)
      #expect(adapter.plan.alphas["blocks.1.attn.qkv[q]"] == 4)
      let expected = try Golden.tensors("classifier-transformers/expected.safetensors")
      let wanted = try #require(expected["output"])
      let found = network.output(Variable(input), in: .inference()).value
      #expect(relativeDifference(found, wanted) < 2e-5)
    }
  }

  @Test func `a classifier is left out only where that is allowed`() throws {
    try withClassifier { folder in
      let (network, _) = try Golden.network(of: "classifier-transformers")
      let adapted = AdaptedNetwork(network.weights)
      do {
        try PEFTFolder.read(folder, into: adapted)
        Issue.record("the classifier belongs to nothing here")
      } catch let error as AdapterFileError {
        guard case .unexpected(_, ["head.bias", "head.weight"]) = error else {
          Issue.record("\(error)")
          return
        }
        #expect(error.description.contains("--allow-partial"))
      }
      #expect(adapted.adapters.isEmpty)
    }
  }

  @Test(arguments: [
    "base_model.model.vit.layers.0.attention.q_proj", "base_model.model.vit.layers.1.mlp.fc1",
  ])
  func `a layer that the description names and the file lacks is missed`(module: String) throws {
    let source = try Golden.url("classifier-transformers")
    let tensors = try Golden.tensors("classifier-transformers/adapter_model.safetensors")
    try withTemporaryFolder { folder in
      try FileManager.default.copyItem(
        at: source.appendingPathComponent(PEFTFolder.descriptionName),
        to: folder.appendingPathComponent(PEFTFolder.descriptionName))
      try AdapterTensors.write(
        tensors.filter { !$0.key.hasPrefix(module + ".") && !$0.key.contains("classifier") },
        to: folder.appendingPathComponent(PEFTFolder.tensorsName))
      let (network, _) = try Golden.network(of: "classifier-transformers")
      let adapted = AdaptedNetwork(network.weights)
      let site = PEFTNaming.site(String(module.dropFirst(PEFTNames.prefix.count)))
      let url = folder.appendingPathComponent(PEFTFolder.tensorsName)
      #expect(throws: AdapterFileError.missing(path: url.path, names: [site])) {
        try PEFTFolder.read(folder, into: adapted)
      }
      var leftOut: [String] = []
      let adapter = try PEFTFolder.read(folder, into: adapted, allowsPartial: true) {
        leftOut = $0
      }
      #expect(leftOut == [site])
      #expect(!adapter.attached.contains { $0.site.path == site })
    }
  }
}
