import Adapters
import Foundation
import Gradients
import Layers
import Storage
import Tensors
import Testing

@testable import AdapterFiles

/// Folders of our own and of PEFT: what they keep and what they refuse.
struct FolderTests {
  func attach(
    _ plan: AdapterPlan, to network: any TestNetwork
  ) throws -> (AdaptedNetwork, NetworkAdapter) {
    let adapted = AdaptedNetwork(network.weights)
    let adapter = try adapted.attach(plan, random: RandomStream(seed: 3))
    for (path, parameter) in adapter.parameters {
      var random = RandomStream(seed: 9).split(path)
      parameter.value.add(random.uniform(shape: parameter.value.shape, bound: 0.3))
    }
    return (adapted, adapter)
  }

  func method(_ name: String) throws -> any AdapterMethod {
    let type = try AdapterCatalog.type(named: name)
    let settings = ["rank": "2", "targetRank": "1"].filter { setting in
      type.settings.contains { $0.name == setting.key }
    }
    return try AdapterCatalog.method(named: name, settings: settings)
  }

  /// Settings under which methods hold other numbers than with their defaults.
  private static let variants: [String: @Sendable () throws -> any AdapterMethod] = [
    "wara feature": { WaRA(.feature, rank: 2, wavelet: .db2, gains: true) },
    "wara token": { WaRA(.token, rank: 2, alpha: 3, gains: true) },
    "wara weight db2": { WaRA(.weight, rank: 2, alpha: 3, wavelet: .db2) },
    "lokr in factors": { try AdapterCatalog.method(named: "lokr", settings: ["rank": "1"]) },
  ]

  @Test(
    arguments: AdapterCatalog.all.map { $0.name } + variants.keys.sorted(),
    ["transformer", "convnet"])
  func `our folder keeps every number`(name: String, kind: String) throws {
    let (network, input) = try Golden.network(of: kind)
    let method = try Self.variants[name]?() ?? method(name)
    // The picture of tokens is no thing of convolutions.
    if kind == "convnet", name == "wara token" { return }
    let (adapted, adapter) = try attach(AdapterPlan(method), to: network)
    let before = network.output(Variable(input), in: .inference()).value
    try withTemporaryFolder { folder in
      try AdapterFolder.write(adapter, of: adapted, facts: ["threshold": "0.25"], to: folder)
      try adapted.detach("default")
      let again = try AdapterFolder.read(folder, into: adapted, named: "again")
      #expect(network.output(Variable(input), in: .inference()).value == before)
      #expect(
        again.parameters.map(\.parameter.value) == adapter.parameters.map(\.parameter.value))
      #expect(again.buffers.map(\.buffer.value) == adapter.buffers.map(\.buffer.value))
      #expect(again.plan.sites == adapter.plan.sites)
      #expect(try AdapterFolder.facts(of: folder) == ["threshold": "0.25"])
    }
  }

  @Test func `another base is refused unless allowed`() throws {
    let (network, _) = try Golden.network(of: "transformer")
    let (adapted, adapter) = try attach(AdapterPlan(LoRA(rank: 2)), to: network)
    try withTemporaryFolder { folder in
      try AdapterFolder.write(adapter, of: adapted, to: folder)
      let other = AdaptedNetwork(Transformer().weights)
      #expect(throws: AdapterFileError.otherBase(path: folder.path)) {
        try AdapterFolder.read(folder, into: other)
      }
      #expect(other.adapters.isEmpty)
      try AdapterFolder.read(folder, into: other, allowsOtherBase: true)
      #expect(other.adapters.count == 1)
    }
  }

  @Test func `a PEFT folder of ours names its base, and one of PEFT's goes on any`() throws {
    let (network, _) = try Golden.network(of: "transformer")
    let (adapted, adapter) = try attach(AdapterPlan(LoRA(rank: 2)), to: network)
    try withTemporaryFolder { folder in
      try PEFTFolder.write(adapter, of: adapted, to: folder)
      #expect(PEFTFolder.namesBase(folder))
      let other = AdaptedNetwork(Transformer().weights)
      #expect(throws: AdapterFileError.otherBase(path: folder.path)) {
        try PEFTFolder.read(folder, into: other)
      }
      #expect(other.adapters.isEmpty)
      try PEFTFolder.read(folder, into: other, allowsOtherBase: true)
      try other.detach("default")
      let own = folder.appendingPathComponent(PEFTFolder.originName)
      try Data("{}".utf8).write(to: own)
      #expect(throws: AdapterFileError.self) {
        try PEFTFolder.read(folder, into: adapted, named: "b")
      }
      try FileManager.default.removeItem(at: own)
      #expect(!PEFTFolder.namesBase(folder))
      try PEFTFolder.read(folder, into: other)
    }
  }

  @Test func `missing, unexpected and misshapen tensors are refused and nothing stays attached`()
    throws
  {
    let (network, _) = try Golden.network(of: "transformer")
    let source = try Golden.url("lora-transformer")
    let adapted = AdaptedNetwork(network.weights)
    let tensors = try Golden.tensors("lora-transformer/adapter_model.safetensors")
    let site = "base_model.model.blocks.0.attn.qkv"
    func refusal(_ change: (inout [String: Tensor]) -> Void) throws -> AdapterFileError? {
      try withTemporaryFolder { folder in
        var changed = tensors
        change(&changed)
        try FileManager.default.copyItem(
          at: source.appendingPathComponent(PEFTFolder.descriptionName),
          to: folder.appendingPathComponent(PEFTFolder.descriptionName))
        try AdapterTensors.write(
          changed, to: folder.appendingPathComponent(PEFTFolder.tensorsName))
        do {
          try PEFTFolder.read(folder, into: adapted)
        } catch let error as AdapterFileError {
          return error
        }
        return nil
      }
    }
    guard case .missing = try refusal({ $0["\(site).lora_B.weight"] = nil }) else {
      Issue.record("a missing factor was not noticed")
      return
    }
    let unexpected = try refusal { $0["\(site).other"] = Tensor(zeros: [1]) }
    guard case .unexpected(_, ["blocks.0.attn.qkv.other"]) = unexpected else {
      Issue.record("\(String(describing: unexpected))")
      return
    }
    let rank = try refusal {
      $0["\(site).lora_A.weight"] = Tensor(zeros: [2, 12])
      $0["\(site).lora_B.weight"] = Tensor(zeros: [36, 2])
    }
    guard case .rank(_, "blocks.0.attn.qkv", 3, 2) = rank else {
      Issue.record("\(String(describing: rank))")
      return
    }
    let shape = try refusal { $0["\(site).lora_B.weight"] = Tensor(zeros: [35, 3]) }
    guard case .shape = shape else {
      Issue.record("\(String(describing: shape))")
      return
    }
    let nan = try refusal {
      $0["\(site).lora_B.weight"] = Tensor(repeating: .nan, shape: [36, 3])
    }
    guard case .notFinite = nan else {
      Issue.record("\(String(describing: nan))")
      return
    }
    #expect(adapted.adapters.isEmpty)
    try PEFTFolder.read(source, into: adapted)
  }

  @Test func `overlapping rank patterns are refused`() throws {
    try withTemporaryFolder { folder in
      let text = """
        {"peft_type": "LORA", "r": 3,
         "rank_pattern": {"qkv": 3, "blocks.0.attn.qkv": 6}, "alpha_pattern": {"qkv": 2}}
        """
      try Data(text.utf8).write(
        to: folder.appendingPathComponent(PEFTFolder.descriptionName))
      let configuration = try PEFTConfiguration(folder: folder)
      #expect(try configuration.pattern("rank_pattern", at: "blocks.1.attn.qkv") == 3)
      #expect(try configuration.pattern("alpha_pattern", at: "blocks.0.attn.qkv") == 2)
      #expect(try configuration.pattern("rank_pattern", at: "blocks.0.attn.qkv_norm") == nil)
      #expect(
        throws: AdapterFileError.ambiguous(
          path: configuration.path, setting: "rank_pattern", site: "blocks.0.attn.qkv",
          patterns: ["blocks.0.attn.qkv", "qkv"])
      ) { try configuration.pattern("rank_pattern", at: "blocks.0.attn.qkv") }
    }
  }

  @Test(arguments: [
    ("vit.encoder.layer.3.attention.attention.query", "blocks.3.attn.qkv[q]"),
    ("vit.layers.11.attention.v_proj", "blocks.11.attn.qkv[v]"),
    ("vit.encoder.layer.0.attention.output.dense", "blocks.0.attn.proj"),
    ("vit.encoder.layer.0.output.dense", "blocks.0.mlp.fc2"),
    ("vit.layers.2.mlp.fc1", "blocks.2.mlp.fc1"), ("classifier", "head"),
    ("vit.embeddings.patch_embeddings.projection", "patch_embed.proj"),
    ("blocks.0.attn.qkv", "blocks.0.attn.qkv"),
  ])
  func `names of Transformers become ours`(theirs: String, ours: String) {
    #expect(PEFTNaming.site(theirs) == ours)
    #expect(PEFTNames.entry("base_model.model.\(theirs).weight").site == ours + ".weight")
    // Whichever of its modules tells the naming, all others go back by it.
    let isFound = theirs.contains("layer") || theirs == ours
    if isFound { #expect(PEFTNaming(of: [theirs]).module(of: ours) == theirs) }
    let key = "base_model.model.timm_model.\(ours).lora_A.default.weight"
    #expect(PEFTNames.entry(key).site == ours)
    #expect(PEFTNames.entry(key).suffix == "lora_A.weight")
    #expect(PEFTNames.entry(key).original == "timm_model." + ours)
  }

  @Test func `an adapter that tunes whole maps alone is read back`() throws {
    let (network, input) = try Golden.network(of: "convnet")
    let adapted = AdaptedNetwork(network.weights)
    var values = Contributions.uniform(of: network.weights).values
    for key in values.keys { values[key] = key.hasPrefix("head") ? 1 : 1e-9 }
    // A budget that the head and the small tensors fill.
    let plan = try CoLoRA(budget: 0.9, contribution: .uniform).plan(
      for: adapted, contributions: Contributions(measure: .uniform, values: values),
      sites: ["head", "point"])
    #expect(plan.sites.isEmpty && !plan.tuned.isEmpty)
    let (again, adapter) = try attach(plan, to: network)
    #expect(adapter.attached.isEmpty)
    let before = network.output(Variable(input), in: .inference()).value
    try withTemporaryFolder { folder in
      try AdapterFolder.write(adapter, of: again, to: folder)
      try again.detach("default")
      let read = try AdapterFolder.read(folder, into: again)
      #expect(read.attached.isEmpty && read.tuned.map(\.path) == adapter.tuned.map(\.path))
      #expect(network.output(Variable(input), in: .inference()).value == before)
      #expect(try again.inspect("default").sites.isEmpty)
    }
  }

  @Test func `a weight that is adapted and tuned survives its folder and a merge`() throws {
    let (network, input) = try Golden.network(of: "transformer")
    let (adapted, adapter) = try attach(
      AdapterPlan(LoRA(rank: 2), sites: ["fc1"], tuned: ["fc1.weight"]), to: network)
    let before = network.output(Variable(input), in: .inference()).value
    try withTemporaryFolder { folder in
      try AdapterFolder.write(adapter, of: adapted, to: folder)
      try adapted.detach("default")
      try AdapterFolder.read(folder, into: adapted)
      try adapted.merge(keepingBase: false)
      let after = network.output(Variable(input), in: .inference()).value
      #expect(relativeDifference(after, before) < 1e-5)
    }
  }

  @Test func `running statistics belong to the base`() throws {
    let network = Normalized()
    let adapted = AdaptedNetwork(network)
    let adapter = try adapted.attach(
      AdapterPlan(LoRA(rank: 2)), random: RandomStream(seed: 3))
    try withTemporaryFolder { folder in
      try AdapterFolder.write(adapter, of: adapted, to: folder)
      try adapted.detach("default")
      try AdapterFolder.read(folder, into: adapted)
      try adapted.detach("default")
      let mean = try #require(network.buffers.first { $0.path.hasSuffix("running_mean") })
      mean.buffer.value = Tensor(repeating: 0.5, shape: mean.buffer.value.shape)
      #expect(throws: AdapterFileError.otherBase(path: folder.path)) {
        try AdapterFolder.read(folder, into: adapted)
      }
      // Folders of the first format know the parameters alone.
      let url = folder.appendingPathComponent(AdapterFolder.descriptionName)
      var fields = try #require(
        try JSONSerialization.jsonObject(with: Data(contentsOf: url)) as? [String: Any])
      fields["format"] = 1
      fields["base"] = try AdapterFolder.fingerprint(of: adapted, withStatistics: false)
      try JSONSerialization.data(withJSONObject: fields).write(to: url)
      try AdapterFolder.read(folder, into: adapted)
    }
  }

  @Test func `parts of a fused map are written as the whole and do the same`() throws {
    let (network, input) = try Golden.network(of: "transformer")
    let (adapted, adapter) = try attach(
      AdapterPlan(
        LoRA(rank: 2, alpha: 3), sites: ["attn.qkv[q,v]"],
        ranks: ["blocks.0.attn.qkv[v]": 3]), to: network)
    let before = network.output(Variable(input), in: .inference()).value
    try withTemporaryFolder { folder in
      try PEFTFolder.write(adapter, of: adapted, to: folder)
      try adapted.detach("default")
      let again = try PEFTFolder.read(folder, into: adapted)
      #expect(again.attached.map(\.site.path) == ["blocks.0.attn.qkv", "blocks.1.attn.qkv"])
      let after = network.output(Variable(input), in: .inference()).value
      #expect(relativeDifference(after, before) < 1e-5)
    }
  }

  @Test func `what PEFT cannot hold is refused with the reason`() throws {
    func refusal(_ plan: AdapterPlan, _ kind: String) throws -> String? {
      let (network, _) = try Golden.network(of: kind)
      let (adapted, adapter) = try attach(plan, to: network)
      return try withTemporaryFolder { folder in
        do {
          try PEFTFolder.write(adapter, of: adapted, to: folder)
        } catch let error as AdapterFileError {
          #expect(
            !FileManager.default.fileExists(
              atPath: folder.appendingPathComponent(PEFTFolder.descriptionName).path))
          return error.description
        }
        return nil
      }
    }
    let lora = LoRA(rank: 2)
    #expect(try refusal(AdapterPlan(lora, tuned: ["pos_embed"]), "transformer") != nil)
    #expect(try refusal(AdapterPlan(lora, tuned: ["fc1.weight"]), "transformer") != nil)
    #expect(try refusal(AdapterPlan(BitFit()), "transformer") != nil)
    #expect(try refusal(AdapterPlan(try method("vera"), sites: ["down"]), "convnet") != nil)
    #expect(try refusal(AdapterPlan(try method("dora"), sites: ["grouped"]), "convnet") != nil)
    #expect(
      try refusal(
        AdapterPlan(
          lora, tuned: ["norm1", "fc1.bias"].map { $0 == "norm1" ? "norm1.weight" : $0 }),
        "transformer") == nil)
  }
}

/// A map and a normalisation over the batch.
private final class Normalized: Module {
  let map: Linear
  let norm = BatchNormalization(4)

  init() {
    var random = RandomStream(seed: 5)
    map = Linear(uniform: 6, 4, random: &random)
  }
}
