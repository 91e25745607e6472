import Adapters
import Backbones
import CKernels
import Gradients
import Layers
import Optimizers
import Tensors
import Testing

struct AdaptedNetworkTests {
  private func transformer() -> VisionTransformer {
    VisionTransformer(
      .init(image: Extent(height: 32, width: 16), patch: 8, width: 12, depth: 3, heads: 2),
      random: RandomStream(seed: 1))
  }

  private var pictures: Tensor {
    var random = RandomStream(seed: 2)
    return random.uniform(shape: [3, 32, 16, 3], bound: 1)
  }

  private let random = RandomStream(seed: 4)

  @Test func `sites carry path, kind, shape and parts`() {
    let adapted = AdaptedNetwork(transformer())
    #expect(adapted.sites.count == 1 + 3 * 4)
    #expect(adapted.sites[0].path == "patch_embed.proj")
    #expect(
      adapted.sites.first { $0.path == "blocks.0.attn.qkv" }?.description
        == "blocks.0.attn.qkv  linear  36×12  parts q, k, v")
  }

  @Test func `patterns choose layers, ends, parts and wild cards`() throws {
    let adapted = AdaptedNetwork(transformer())
    func paths(_ patterns: String..., excluding: [String] = []) throws -> [String] {
      try adapted.sites(matching: patterns, excluding: excluding).map(\.path)
    }
    #expect(
      try paths("attn.qkv") == (0..<3).map { "blocks.\($0).attn.qkv" })
    #expect(try paths("blocks.1.mlp.*") == ["blocks.1.mlp.fc1", "blocks.1.mlp.fc2"])
    #expect(try paths("blocks.2.**").count == 4)
    #expect(
      try paths("blocks.0.attn.qkv[v,q]") == ["blocks.0.attn.qkv[q]", "blocks.0.attn.qkv[v]"])
    #expect(try paths("all-linear", excluding: ["mlp.fc1", "mlp.fc2"]).count == 6)
    #expect(try paths("all-convolution") == ["patch_embed.proj"])
    #expect(SitePattern.list("attn.qkv[q,v], mlp.fc1") == ["attn.qkv[q,v]", "mlp.fc1"])
    // "proj" alone also ends the path of the patch embedding.
    #expect(try paths("proj").count == 4)
  }

  @Test func `a wrong pattern names the nearest`() {
    let adapted = AdaptedNetwork(transformer())
    #expect(throws: AdapterError.unmatchedSites(pattern: "atn.qkv", nearest: "attn.qkv")) {
      try adapted.sites(matching: ["atn.qkv"])
    }
    #expect(throws: AdapterError.unmatchedSites(pattern: "fc3", nearest: "fc1")) {
      try adapted.sites(matching: ["all"], excluding: ["fc3"])
    }
    #expect(
      throws: AdapterError.unknownPart(
        pattern: "qkv[x]", site: "blocks.0.attn.qkv", part: "x", known: ["q", "k", "v"])
    ) { try adapted.sites(matching: ["qkv[x]"]) }
  }

  @Test func `by default every map but that of the pictures is adapted and the base is frozen`()
    throws
  {
    let network = transformer()
    let adapted = AdaptedNetwork(network)
    let before = adapted.trainableShare
    #expect(before.trained == before.total)
    let adapter = try adapted.attach(AdapterPlan(LoRA(rank: 2)), random: random)
    #expect(adapter.attached.count == 12)
    // Per block: 2·(12+36) + 2·(12+12) + 2·2·(12+48)
    #expect(adapter.parameterCount == 3 * 384 && adapter.declaredCount == 3 * 384)
    #expect(adapted.trainableShare.trained == 3 * 384)
    #expect(adapted.trainableShare.total == network.parameterCount() + 3 * 384)
    #expect(network.parameters.allSatisfy { !$0.parameter.isTrainable })
    try adapted.detach("default")
    #expect(network.parameters.allSatisfy { $0.parameter.isTrainable })
  }

  @Test func `named adapters switch, mix and leave the base as it was`() throws {
    let network = transformer()
    let saved = network.parameters.map(\.parameter.value)
    let adapted = AdaptedNetwork(network)
    func features() -> Tensor {
      network.features(of: Variable(pictures), in: .inference()).value
    }
    let base = features()
    for name in ["night", "rain"] {
      let adapter = try adapted.attach(
        AdapterPlan(LoRA(rank: 2), sites: ["attn.qkv", "fc1"], tuned: ["norm1.weight"]),
        named: name, random: random.split(name))
      #expect(features() == base || name == "rain")
      adapter.disturb()
      try adapted.activate([:])
      #expect(features() == base)
    }
    try adapted.activate(["night": 1])
    let night = features()
    try adapted.activate(["rain": 1])
    let rain = features()
    #expect(night != base && rain != base && night != rain)
    try adapted.activate(["night": 0.5, "rain": 0.25])
    let mixed = features()
    try adapted.merge()
    #expect(adapted.isMerged)
    #expect(largestDifference(features(), mixed) < 1e-5)
    #expect(throws: AdapterError.merged) { try adapted.activate(["night": 1]) }
    #expect(throws: AdapterError.merged) { try adapted.detach("night") }
    adapted.unmerge()
    #expect(features() == mixed)
    try adapted.activate(["night": 1])
    #expect(features() == night)
    try adapted.detach("rain")
    try adapted.detach("night")
    #expect(features() == base)
    #expect(network.parameters.map(\.parameter.value) == saved)
    #expect(throws: AdapterError.notAttached(name: "rain", known: [])) {
      try adapted.activate(["rain": 1])
    }
  }

  @Test func `a final merge leaves a plain network`() throws {
    let network = transformer()
    let adapted = AdaptedNetwork(network)
    try adapted.attach(
      AdapterPlan(LoRA(rank: 2), tuned: ["fc1.bias"]), named: "a", random: random
    ).disturb()
    let before = network.features(of: Variable(pictures), in: .inference()).value
    try adapted.merge(keepingBase: false)
    #expect(adapted.adapters.isEmpty && !adapted.isMerged)
    #expect(network.parameters.allSatisfy { $0.parameter.tuning == nil })
    #expect(
      largestDifference(network.features(of: Variable(pictures), in: .inference()).value, before)
        < 1e-5)
  }

  @Test(arguments: ["lora", "dora", "pissa", "loha", "vera"])
  func `a weight that is adapted and tuned merges to what it does, and comes back`(
    name: String
  ) throws {
    let network = transformer()
    let saved = network.parameters.map(\.parameter.value)
    let adapted = AdaptedNetwork(network)
    let method = try AdapterCatalog.method(named: name, settings: ["rank": "2"])
    func features() -> Tensor {
      network.features(of: Variable(pictures), in: .inference()).value
    }
    let base = features()
    try adapted.attach(
      AdapterPlan(method, sites: ["fc1"], tuned: ["fc1.weight", "fc1.bias"]), random: random
    ).disturb(by: 0.1)
    let separate = features()
    #expect(separate != base)
    try adapted.merge()
    let size = separate.values.reduce(0) { max($0, abs($1)) }
    #expect(largestDifference(features(), separate) < 1e-5 * max(1, size))
    adapted.unmerge()
    #expect(features() == separate)
    #expect(network.parameters.map(\.parameter.value) == saved)
    try adapted.detach("default")
    #expect(features() == base)
  }

  @Test func `a merge that fails leaves tuned weights as they were`() throws {
    let network = transformer()
    let saved = network.parameters.map(\.parameter.value)
    let adapted = AdaptedNetwork(network)
    try adapted.attach(
      AdapterPlan(PETALface(rank: 2), sites: ["fc1"], tuned: ["fc1.weight"]), random: random
    ).disturb()
    let before = network.features(of: Variable(pictures), in: .inference()).value
    #expect(throws: AdapterError.self) { try adapted.merge() }
    #expect(!adapted.isMerged)
    #expect(network.parameters.map(\.parameter.value) == saved)
    #expect(network.features(of: Variable(pictures), in: .inference()).value == before)
  }

  @Test func `nothing below the first adapted block is recorded`() async {
    await #expect(processExitsWith: .success) {
      let network = VisionTransformer(
        .init(image: Extent(height: 128, width: 64), patch: 8, width: 48, depth: 4, heads: 2),
        random: RandomStream(seed: 1))
      var random = RandomStream(seed: 2)
      let pictures = Variable(random.uniform(shape: [4, 128, 64, 3], bound: 1))
      func kept(_ sites: String) throws -> Int64 {
        let adapted = AdaptedNetwork(network)
        try adapted.attach(AdapterPlan(LoRA(rank: 2), sites: [sites]), random: random)
        let before = ck_buffer_report().in_use_bytes
        let context = ForwardContext.training(random: random)
        let features = network.features(of: pictures, in: context)
        let bytes = ck_buffer_report().in_use_bytes - before
        context.backward(from: features.summed())
        guard network.parameters.allSatisfy({ $0.parameter.gradient == nil }) else { return -1 }
        try adapted.detach("default")
        return bytes
      }
      guard let all = try? kept("attn.qkv"), let last = try? kept("blocks.3.attn.qkv"),
        all > 0, last > 0
      else { preconditionFailure("a gradient reached the base") }
      guard last * 3 < all else { preconditionFailure("\(last) bytes against \(all)") }
    }
  }

  @Test func `refusals say what and where`() throws {
    let adapted = AdaptedNetwork(transformer())
    try adapted.attach(AdapterPlan(LoRA()), named: "a", random: random)
    #expect(throws: AdapterError.nameTaken(name: "a")) {
      try adapted.attach(AdapterPlan(LoRA()), named: "a", random: random)
    }
    #expect(
      throws: AdapterError.invalidSetting(
        method: "lora", setting: "rank", reason: "is 0 but takes a whole number from 1 to 65536")
    ) { try adapted.attach(AdapterPlan(LoRA(rank: 0)), named: "b", random: random) }
    #expect(
      throws: AdapterError.unmatchedParameters(pattern: "norm3.bias", nearest: "norm.bias")
    ) {
      try adapted.attach(AdapterPlan(LoRA(), tuned: ["norm3.bias"]), named: "b", random: random)
    }
    #expect(throws: AdapterError.self) {
      try adapted.attach(
        AdapterPlan(LoRA(), ranks: ["blocks.7.attn.qkv": 3]), named: "b", random: random)
    }
    #expect(adapted.adapters.count == 1)
  }

  @Test func `ranks by site`() throws {
    let adapted = AdaptedNetwork(transformer())
    let adapter = try adapted.attach(
      AdapterPlan(
        LoRA(rank: 2), sites: ["attn.qkv"], ranks: ["blocks.1.attn.qkv": 5],
        alphas: ["blocks.1.attn.qkv": 5]), random: random)
    let shapes = adapter.parameters.filter { $0.path.hasSuffix("lora_A.weight") }
      .map(\.parameter.value.shape)
    #expect(shapes == [[2, 12], [5, 12], [2, 12]])
    #expect(adapter.declaredCount == adapter.parameterCount)
  }

  @Test func `training moves the adapter alone and resumes bit for bit`() throws {
    func run(steps: Int, from saved: (adapter: [Tensor], optimizer: OptimizerState)?, first: Int)
      throws -> (adapter: [Tensor], optimizer: OptimizerState)
    {
      let network = transformer()
      let start = network.parameters.map(\.parameter.value)
      let adapted = AdaptedNetwork(network)
      let adapter = try adapted.attach(
        AdapterPlan(LoRA(rank: 2, dropout: 0.2), tuned: ["norm2.bias"]), random: random)
      let optimizer = AdamW(adapter.parameters)
      if let saved {
        for (entry, value) in zip(adapter.parameters, saved.adapter) {
          entry.parameter.value = value
        }
        #expect(optimizer.restore(saved.optimizer).isEmpty)
      }
      for step in first..<first + steps {
        let context = ForwardContext.adapting(random: random.split(step))
        let features = network.features(of: Variable(pictures), in: context)
        context.backward(from: (features * features).mean())
        optimizer.update(rate: 1e-2)
      }
      #expect(network.parameters.map(\.parameter.value) == start)
      return (adapter.parameters.map(\.parameter.value), optimizer.state)
    }
    let whole = try run(steps: 4, from: nil, first: 0)
    let half = try run(steps: 2, from: nil, first: 0)
    #expect(try run(steps: 2, from: half, first: 2).adapter == whole.adapter)
    #expect(half.adapter != whole.adapter)
  }

  @Test func `settings are read from text`() throws {
    let method = try AdapterCatalog.method(
      named: "lora", settings: ["rank": "4", "dropout": "0.1", "rankStabilized": "true"])
    let lora = try #require(method as? LoRA)
    #expect(lora.rank == 4 && lora.dropout == 0.1 && lora.rankStabilized && lora.alpha == 8)
    #expect(abs(lora.scale - 4) < 1e-6)
    #expect(
      throws: AdapterError.unknownSetting(
        method: "lora", setting: "rnak", nearest: "rank",
        known: ["rank", "alpha", "rankStabilized", "dropout"])
    ) { try AdapterCatalog.method(named: "lora", settings: ["rnak": "4"]) }
    #expect(
      throws: AdapterError.invalidSetting(
        method: "lora", setting: "rank",
        reason: "cannot be \"many\"; it takes a whole number from 1 to 65536")
    ) { try AdapterCatalog.method(named: "lora", settings: ["rank": "many"]) }
    #expect(throws: AdapterError.self) { try AdapterCatalog.method(named: "lorra") }
  }
}
