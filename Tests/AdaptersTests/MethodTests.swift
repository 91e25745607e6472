import Gradients
import Layers
import Optimizers
import Tensors
import Testing

@testable import Adapters

/// What single methods promise beyond the table of all.
struct MethodTests {
  private func values(_ shape: [Int], _ purpose: String) -> Tensor {
    var random = RandomStream(seed: 17).split(purpose)
    return random.uniform(shape: shape, bound: 1)
  }

  private let site = SiteGeometry(linear: 384, 1152)

  @Test func `all biases are trained, those that attention adds itself as well`() throws {
    var random = RandomStream(seed: 2)
    let attention = SelfAttention(
      width: 8, heads: 2, bias: .queryAndValue, random: &random)
    let adapted = AdaptedNetwork(attention)
    let adapter = try adapted.attach(AdapterPlan(BitFit()), random: random)
    #expect(adapter.tuned.map(\.path).sorted() == ["proj.bias", "q_bias", "v_bias"])
    try adapted.detach("default")
    // For a budget they are gains, which PEFT cannot store.
    let roles = adapted.tunableParameters.filter {
      CoLoRA(budget: 0.5, tunesGains: false).tunes($0)
    }
    #expect(roles.map(\.path) == ["proj.bias"])
  }

  @Test func `counts of a fused map of ViT-S are the published ones`() throws {
    func count(_ name: String) throws -> Int {
      try AdapterCatalog.method(named: name).parameterCount(at: site)
    }
    #expect(try count("lora") == 12_288)
    #expect(try count("dora") == 13_440)
    #expect(try count("adalora") == 18_444)
    #expect(try count("loha") == 24_576)
    #expect(try count("lokr") == 992)
    #expect(try count("vera") == 1_408)
  }

  @Test(arguments: [
    (256, -1, 16, 16), (128, -1, 8, 16), (127, -1, 1, 127), (128, 4, 4, 32), (384, -1, 16, 24),
    (1152, -1, 32, 36), (7, 3, 1, 7),
  ])
  func `numbers split as PEFT splits them`(number: Int, wanted: Int, small: Int, large: Int) {
    #expect(LoKr.split(number, factor: wanted) == (small, large))
  }

  @Test func `gradients of DoRA with the norm as a constant`() {
    let weight = values([4, 3], "w")
    let (down, up) = (values([2, 3], "A"), values([4, 2], "B"))
    let magnitude = values([4], "m")
    let input = values([5, 3], "x")
    let site = SiteGeometry(linear: 3, 4)
    let adapter = DirectionAdapter(down: down, up: up, magnitude: magnitude, scale: 0.5)
    let layer = OneSite(weight: weight, adapter: adapter, site: site)
    // The function with the norm held at its value.
    let changed =
      Variable(weight) + site.product(ofUp: Variable(up), down: Variable(down)) * 0.5
    let lengths = changed.rowLengths().value.values
    let inverse = Variable(Tensor(lengths.map { 1 / $0 }, shape: [4]))
    func frozen(_ v: [Variable]) -> Variable {
      let change = Variable(weight) + site.product(ofUp: v[1], down: v[0]) * 0.5
      return Variable(input).linear(weight: change.multipliedByColumn(v[2] * inverse))
    }
    #expect(GradientCheck.largestError(at: [down, up, magnitude], of: frozen) < 1e-2)
    let tape = Tape()
    let leaves = [down, up, magnitude].map { tape.leaf($0) }
    let seed = values([5, 4], "seed")
    tape.backward(from: frozen(leaves), seed: seed)
    let context = ForwardContext.training(random: RandomStream(seed: 1))
    context.backward(from: layer.output(Variable(input), in: context), seed: seed)
    for (leaf, parameter) in zip(leaves, adapter.parameters.map(\.parameter)) {
      let expected = tape.gradient(of: leaf) ?? Tensor(zeros: leaf.shape)
      let found = parameter.gradient ?? Tensor(repeating: .infinity, shape: leaf.shape)
      #expect(largestDifference(found, expected) < 1e-4)
    }
  }

  @Test(arguments: [SiteCase.linear, .tiled, .strided, .grouped])
  func `dropout leaves the mean as it is`(site: SiteCase) throws {
    let (network, input) = site.make()
    let adapted = AdaptedNetwork(network)
    let adapter = try adapted.attach(
      AdapterPlan(LoRA(rank: 2, dropout: 0.25), sites: [site.pattern]),
      random: RandomStream(seed: 1))
    adapter.disturb()
    let term = adapter.attached[0].adapter
    let geometry = adapter.attached[0].site.geometry
    let zero = Variable(Tensor(zeros: geometry.weightShape))
    func change(_ context: ForwardContext) -> Tensor {
      let effect = term.effect(
        at: geometry, weight: zero, input: Variable(input), in: context)
      guard case .lowRank(let terms) = effect else { return Tensor(zeros: [0]) }
      return geometry.product(Variable(input), weight: zero, terms: terms).value
    }
    let wanted = change(.inference())
    var sum = Tensor(zeros: wanted.shape)
    for draw in 0..<600 {
      sum.add(change(.preview(random: RandomStream(seed: 5).split(draw))), scaledBy: 1 / 600)
    }
    let size = wanted.values.reduce(0) { max($0, abs($1)) }
    #expect(largestDifference(sum, wanted) < 0.15 * size)
    #expect(change(.preview(random: RandomStream(seed: 5))) != wanted)
  }

  @Test func `PiSSA starts at the largest components`() throws {
    let (network, _) = SiteCase.linear.make()
    let adapted = AdaptedNetwork(network)
    var method = PiSSA()
    method.rank = 3
    method.alpha = 6
    let adapter = try adapted.attach(AdapterPlan(method), random: RandomStream(seed: 1))
    let principal = try #require(adapter.attached[0].adapter as? PrincipalAdapter)
    let weight = network.layer.weight.value
    let start = adapter.attached[0].site.geometry.product(
      ofUp: Variable(principal.up.value), down: Variable(principal.down.value))
    var residual = weight
    residual.add(start.value, scaledBy: -2)
    let all = SingularValues(of: weight).values
    let left = SingularValues(of: residual).values
    for index in 0..<5 { #expect(abs(left[index] - all[index + 3]) < 1e-5) }
    #expect(left[5] < 1e-5)
  }

  @Test func `projections of VeRA are shared and as large as the largest site`() throws {
    let network = TwoMaps()
    let adapted = AdaptedNetwork(network)
    var method = VeRA()
    method.rank = 5
    let adapter = try adapted.attach(AdapterPlan(method), random: RandomStream(seed: 1))
    #expect(adapter.buffers.map(\.path) == ["vera_A", "vera_B"])
    #expect(adapter.shared["vera_A"]?.value.shape == [5, 6])
    #expect(adapter.shared["vera_B"]?.value.shape == [7, 5])
    #expect(adapter.parameterCount == (5 + 7) + (5 + 4))
  }

  @Test func `gates close where the target needs no component`() throws {
    // A target change of rank 2, learned with 6 components.
    let network = TwoMaps()
    let adapted = AdaptedNetwork(network)
    let method = try AdapterCatalog.method(
      named: "sora", settings: ["rank": "6", "alpha": "6", "threshold": "0.01"])
    let adapter = try adapted.attach(
      AdapterPlan(method, sites: ["first"]), random: RandomStream(seed: 2))
    let allocator = try #require(adapter.makeAllocator())
    let input = values([64, 4], "in")
    let target = values([2, 4], "down")
    let goal = Variable(input).linear(weight: Variable(target))
      .linear(weight: Variable(values([7, 2], "up")))
    let base = network.first(Variable(input), in: .inference())
    let optimizer = AdamW(adapter.parameters, weightDecay: 0)
    for step in 0..<400 {
      let context = ForwardContext.training(random: RandomStream(seed: 3))
      let error = network.first(Variable(input), in: context) - base - goal
      context.backward(from: (error * error).mean())
      allocator.afterBackward(step: step, of: 400)
      optimizer.update(rate: 0.02)
      allocator.afterUpdate(step: step, of: 400)
    }
    let rank = allocator.ranks["first"] ?? 0
    #expect(rank >= 2 && rank <= 4, "\(rank) gates are open")
    #expect(allocator.state.isEmpty)
  }

  @Test func `the budget of AdaLoRA falls with the cube and components go`() throws {
    let network = TwoMaps()
    func run(_ steps: Range<Int>, _ saved: SavedRun?) throws -> (SavedRun, [String: Int]) {
      let network = TwoMaps()
      let adapted = AdaptedNetwork(network)
      var method = AdaLoRA()
      (method.rank, method.targetRank, method.interval) = (4, 2, 5)
      let adapter = try adapted.attach(AdapterPlan(method), random: RandomStream(seed: 2))
      let allocator = try #require(adapter.makeAllocator())
      let optimizer = AdamW(adapter.parameters, weightDecay: 0)
      if let saved {
        for (entry, value) in zip(adapter.parameters, saved.values) {
          entry.parameter.value = value
        }
        for (entry, value) in zip(adapter.buffers, saved.buffers) { entry.buffer.value = value }
        try allocator.restore(saved.allocator)
        #expect(optimizer.restore(saved.optimizer).isEmpty)
      }
      let input = values([32, 4], "in")
      for step in steps {
        let context = ForwardContext.training(random: RandomStream(seed: 3))
        let hidden = network.first(Variable(input), in: context)
        let output = network.second(hidden.slice(0..<6, axis: 1), in: context)
        var loss = (output - Variable(values([32, 4], "goal")))
        loss = (loss * loss).mean()
        if let penalty = adapter.penalty(in: context) { loss = loss + penalty }
        context.backward(from: loss)
        allocator.afterBackward(step: step, of: 40)
        optimizer.update(rate: 0.02)
        allocator.afterUpdate(step: step, of: 40)
      }
      return (
        SavedRun(
          values: adapter.parameters.map(\.parameter.value),
          buffers: adapter.buffers.map(\.buffer.value), optimizer: optimizer.state,
          allocator: allocator.state), allocator.ranks
      )
    }
    var method = AdaLoRA()
    (method.rank, method.targetRank) = (4, 2)
    let adapter = try AdaptedNetwork(network).attach(
      AdapterPlan(method), random: RandomStream(seed: 2))
    let allocator = try #require(adapter.makeAllocator() as? ImportanceAllocator)
    // 40 steps: whole to step 4, target from 28; half of the time left is 1/8 of what goes.
    #expect(allocator.budget(step: 4, of: 40) == 8)
    #expect(allocator.budget(step: 16, of: 40) == 4)
    #expect(allocator.budget(step: 28, of: 40) == 4)
    let (whole, ranks) = try run(0..<40, nil)
    #expect(ranks.values.reduce(0, +) == 4)
    let (half, _) = try run(0..<17, nil)
    let (resumed, _) = try run(17..<40, half)
    #expect(resumed.values == whole.values && resumed.buffers == whole.buffers)
    #expect(throws: AdapterError.self) {
      try allocator.restore(["first.lora_A.other": whole.values[0]])
    }
    #expect(throws: AdapterError.self) {
      try allocator.restore(["first.lora_A.sensitivity": Tensor(zeros: [1])])
    }
  }

  @Test func `selections tune what they name and nothing else`() throws {
    let (network, _) = SiteCase.convolution.make()
    let adapted = AdaptedNetwork(network)
    let biases = try adapted.attach(
      AdapterPlan(BitFit()), named: "biases", random: RandomStream(seed: 1))
    #expect(biases.parameters.map(\.path) == ["layer.bias", "norm.bias"])
    let norms = try adapted.attach(
      AdapterPlan(NormalizationTuning()), named: "norms", random: RandomStream(seed: 1))
    #expect(norms.parameters.map(\.path) == ["norm.weight", "norm.bias"])
    #expect(norms.parameterCount == 16 && norms.declaredCount == 16)
    #expect(throws: AdapterError.self) {
      try adapted.attach(
        AdapterPlan(BitFit(), sites: ["layer"]), named: "x", random: RandomStream(seed: 1))
    }
  }

  @Test func `depthwise convolutions are refused by name and skipped by default`() throws {
    let network = Depthwise()
    let adapted = AdaptedNetwork(network)
    #expect(throws: AdapterError.self) {
      try adapted.attach(AdapterPlan(LoRA(), sites: ["depthwise"]), random: RandomStream(seed: 1))
    }
    let adapter = try adapted.attach(
      AdapterPlan(LoRA(), tuned: ["depthwise.weight"]), random: RandomStream(seed: 1))
    #expect(adapter.attached.map(\.site.path) == ["pointwise"])
    #expect(adapter.tuned.map(\.path) == ["depthwise.weight"])
  }
}

/// Everything a run needs to go on.
private struct SavedRun {
  let values: [Tensor]
  let buffers: [Tensor]
  let optimizer: OptimizerState
  let allocator: [String: Tensor]
}

/// A plain weight with one adapter.
private struct OneSite {
  let weight: Tensor
  let adapter: any SiteAdapter
  let site: SiteGeometry

  func output(_ input: Variable, in context: ForwardContext) -> Variable {
    let product = site.product(input, weight: Variable(weight))
    let effect = adapter.effect(at: site, weight: Variable(weight), input: input, in: context)
    guard case .output(let addition) = effect else { return product }
    return product + addition(product, input)
  }
}

/// Two maps of different sizes.
final class TwoMaps: Module {
  let first: Linear
  let second: Linear

  init() {
    var random = RandomStream(seed: 5)
    first = Linear(uniform: 4, 7, random: &random)
    second = Linear(uniform: 6, 4, random: &random)
  }
}

/// A depthwise and a pointwise convolution.
private final class Depthwise: Module {
  let depthwise: Convolution2D
  let pointwise: Convolution2D

  init() {
    var random = RandomStream(seed: 6)
    depthwise = Convolution2D(8, 8, kernel: 3, padding: 1, groups: 8, random: &random)
    pointwise = Convolution2D(8, 8, kernel: 1, random: &random)
  }
}
