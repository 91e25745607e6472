import Gradients
import Layers
import Optimizers
import Tensors
import Testing

@testable import Adapters

/// What rank allocations drop stays dropped, and what they are asked for can happen.
struct AllocatorTests {
  private func values(_ shape: [Int], _ purpose: String) -> Tensor {
    var random = RandomStream(seed: 17).split(purpose)
    return random.uniform(shape: shape, bound: 1)
  }

  @Test(arguments: ["adalora", "sora"])
  func `averages do not bring dropped components back`(name: String) throws {
    let network = TwoMaps()
    let adapted = AdaptedNetwork(network)
    let settings =
      name == "adalora"
      ? ["rank": "4", "targetRank": "2", "interval": "1"] : ["rank": "4", "threshold": "0.06"]
    let adapter = try adapted.attach(
      AdapterPlan(
        try AdapterCatalog.method(named: name, settings: settings), sites: ["first"]),
      random: RandomStream(seed: 2))
    let allocator = try #require(adapter.makeAllocator())
    let steps = name == "adalora" ? 30 : 8
    if name == "sora" {
      // One gate that is nearly closed; the others are further away than eight updates move them.
      let gates = try #require(adapter.parameters.first { $0.path.hasSuffix("gate") }).parameter
      gates.value = Tensor([1, -1, 1, 0.001], shape: [4])
    }
    let optimizer = AdamW(adapter.parameters, weightDecay: 0)
    let average = ExponentialAverage(adapter.parameters, decay: 0.9)
    let input = Variable(values([16, 4], "in"))
    let goal = Variable(values([16, 7], "goal"))
    for step in 0..<steps {
      let context = ForwardContext.training(random: RandomStream(seed: 3))
      let error = network.first(input, in: context) - goal
      context.backward(from: (error * error).mean())
      allocator.afterBackward(step: step, of: steps)
      optimizer.update(rate: 0.05)
      allocator.afterUpdate(step: step, of: steps)
      average.update()
    }
    let rank = try #require(allocator.ranks["first"])
    #expect(rank < 4 && rank > 0)
    func factors() throws -> LowRankForm {
      let entry = adapter.attached[0]
      return try #require(
        (entry.adapter as? any LowRankExpressible)?.lowRankForm(at: entry.site.geometry))
    }
    func open() throws -> Int {
      let form = try factors()
      let product = adapter.attached[0].site.geometry.product(
        ofUp: Variable(form.up), down: Variable(form.down)
      ).value
      let found = SingularValues(of: product).values
      return found.count { $0 > 1e-5 * found[0] }
    }
    // Plainly averaged gates and values are not zero where the run has closed them.
    let drop = allocator.dropping()
    try average.substituted {
      drop()
      #expect(try open() <= rank)
      #expect(adapter.makeAllocator()?.ranks["first"] == rank)
      let separate = network.first(input, in: .inference()).value
      try adapted.merge()
      #expect(largestDifference(network.first(input, in: .inference()).value, separate) < 1e-5)
      adapted.unmerge()
    }
    #expect(allocator.ranks["first"] == rank)
  }

  @Test func `a dropped component acts in training alone`() throws {
    let network = TwoMaps()
    let adapted = AdaptedNetwork(network)
    let adapter = try adapted.attach(
      AdapterPlan(
        try AdapterCatalog.method(
          named: "adalora", settings: ["rank": "3", "targetRank": "2"]), sites: ["first"]),
      random: RandomStream(seed: 2))
    adapter.disturb()
    let triplets = try #require(adapter.attached[0].adapter as? TripletAdapter)
    let values = triplets.values.value
    triplets.keep([true, false, true])
    let input = Variable(self.values([5, 4], "in"))
    let pruned = network.first(input, in: .inference()).value
    // As after an update that moved the dropped value away from 0.
    triplets.values.value = values
    #expect(network.first(input, in: .inference()).value == pruned)
    let preview = ForwardContext.preview(random: RandomStream(seed: 1))
    #expect(network.first(input, in: preview).value != pruned)
    try adapted.merge()
    #expect(largestDifference(network.first(input, in: .inference()).value, pruned) < 1e-5)
  }

  @Test func `a budget that never falls is refused`() throws {
    for (rank, target) in [("4", "4"), ("2", "8")] {
      do {
        _ = try AdapterCatalog.method(
          named: "adalora", settings: ["rank": rank, "targetRank": target])
        Issue.record("rank \(rank), target \(target)")
      } catch {
        #expect(error.description.contains("no component would ever be dropped"))
      }
    }
    // One site may have fewer components than the mean target.
    let adapter = try AdaptedNetwork(TwoMaps()).attach(
      AdapterPlan(AdaLoRA(), ranks: ["first": 3]), random: RandomStream(seed: 1))
    #expect(adapter.makeAllocator()?.ranks["first"] == 3)
  }

  @Test func `the mean size of the gates is a term of the loss`() throws {
    let network = TwoMaps()
    let method = try AdapterCatalog.method(
      named: "sora", settings: ["rank": "3", "gatePenalty": "10"])
    let adapter = try AdaptedNetwork(network).attach(
      AdapterPlan(method), random: RandomStream(seed: 2))
    let context = ForwardContext.training(random: RandomStream(seed: 1))
    let penalty = try #require(adapter.penalty(in: context))
    let gates = adapter.parameters.filter { $0.path.hasSuffix("gate") }.map(\.parameter)
    let all = gates.flatMap { $0.value.values }
    let mean = all.reduce(0) { $0 + abs($1) } / Float(all.count)
    #expect(all.count == 6 && abs(penalty.value.scalar - 10 * mean) < 1e-5)
    context.backward(from: penalty)
    for gate in gates {
      let gradient = try #require(gate.gradient).values
      for (slope, value) in zip(gradient, gate.value.values) {
        #expect(abs(slope - (value > 0 ? 10 : -10) / 6) < 1e-6)
      }
    }
    let plain = try AdaptedNetwork(TwoMaps()).attach(
      AdapterPlan(SoRA()), random: RandomStream(seed: 2))
    #expect(plain.penalty(in: context) == nil)
  }
}
