import Adapters
import Foundation
import Gradients
import Layers
import Tensors
import Testing

struct PETALfaceTests {
  private func count(_ method: PETALface, _ sites: [(gated: Bool, SiteGeometry)]) -> Int {
    sites.reduce(0) { sum, entry in
      sum + method.parameterCount(at: entry.1) / (entry.gated ? 1 : 2)
    }
  }

  /// The sites of the paper's Swin: `qkv` of every block, and the embedding's projection.
  private var swin: [(gated: Bool, SiteGeometry)] {
    zip([2, 18, 2], [384, 768, 1536]).flatMap { depth, width in
      (0..<depth).map { _ in (true, SiteGeometry(linear: width, 3 * width)) }
    } + [(false, SiteGeometry(linear: 38_400, 512))]
  }

  @Test(arguments: [(4, 720_896, 0.336), (8, 1_441_792, 0.670), (32, 5_767_168, 2.63)])
  func `counts of the paper's Swin`(rank: Int, adapter: Int, percent: Double) {
    let found = count(PETALface(rank: rank), swin)
    #expect(found == adapter)
    let share = 100 * Double(found) / Double(found + 213_666_768)
    #expect(abs(share - percent) < 0.006)
  }

  @Test func `counts of the other published settings`() {
    let method = PETALface(rank: 8)
    #expect(count(method, Array(swin.dropLast())) == 1_130_496)
    #expect(swin.dropLast().reduce(0) { $0 + LoRA(rank: 8).parameterCount(at: $1.1) } == 565_248)
    let transformer =
      (0..<24).map { _ in (true, SiteGeometry(linear: 512, 1536)) }
      + [(false, SiteGeometry(linear: 144 * 512, 512)), (false, SiteGeometry(linear: 512, 512))]
    #expect(count(method, transformer) == 1_388_544)
  }

  @Test(arguments: [(18, 492_248), (50, 1_116_888), (100, 1_956_568)])
  func `counts of the single branches of IResNet`(depth: Int, wanted: Int) throws {
    let blocks = try #require([18: [2, 2, 2, 2], 50: [3, 4, 14, 3], 100: [3, 13, 30, 3]][depth])
    func convolution(_ inputs: Int, _ outputs: Int, _ kernel: Int) -> SiteGeometry {
      SiteGeometry(convolution: inputs, outputs, kernelHeight: kernel, kernelWidth: kernel)
    }
    var sites = [convolution(3, 64, 3)]
    var inputs = 64
    for (stage, count) in blocks.enumerated() {
      let width = 64 << stage
      for block in 0..<count {
        sites += [convolution(inputs, width, 3), convolution(width, width, 3)]
        if block == 0 { sites.append(convolution(inputs, width, 1)) }
        inputs = width
      }
    }
    sites.append(SiteGeometry(linear: 7 * 7 * 512, 512))
    #expect(count(PETALface(rank: 8), sites.map { (false, $0) }) == wanted)
  }

  /// The layer with the paper's formula written out, one picture after the other.
  private func expected(
    _ site: SiteCase, _ network: OneLayer, _ input: Tensor, _ adapter: QualityGatedAdapter,
    gates: [Float], scale: Float
  ) -> Tensor {
    let geometry = network.layer.geometry
    let (down, up) = (adapter.down.value, adapter.up.value)
    let groups = geometry.groups
    let inner = down.shape[0] / groups
    // Branch 1 is the first half of each group's components, branch 2 the second.
    func branch(_ second: Bool) -> Tensor {
      var kept = down
      let line = down.count / down.shape[0]
      for component in 0..<down.shape[0] where (component % inner >= inner / 2) != second {
        for position in 0..<line { kept[component * line + position] = 0 }
      }
      return geometry.product(ofUp: Variable(up), down: Variable(kept)).value
    }
    let (first, second) = (branch(false), branch(true))
    let base = network.layer.weight.value
    var rows: [Variable] = []
    for (picture, gate) in gates.enumerated() {
      var weight = base
      weight.add(first, scaledBy: scale * (1 - gate))
      weight.add(second, scaledBy: scale * gate)
      network.layer.weight.value = weight
      rows.append(network(Variable(input.rows(picture..<picture + 1)), in: .inference()))
    }
    network.layer.weight.value = base
    return Variable.concatenated(rows, axis: 0).value
  }

  @Test(arguments: SiteCase.allCases.filter { $0 != .part && $0 != .depthwise })
  func `each picture has the blend of its quality`(site: SiteCase) throws {
    let (network, input) = site.make()
    let adapted = AdaptedNetwork(network)
    var method = PETALface(rank: 2)
    method.scale = 1.5
    method.threshold = 0.6
    method.steepness = 2
    let adapter = try adapted.attach(
      AdapterPlan(method, sites: ["layer"]), random: RandomStream(seed: 4))
    adapter.disturb()
    let own = try #require(adapter.attached.first?.adapter as? QualityGatedAdapter)
    let context = ForwardContext.inference()
    context.quality = [0.7, 0.1]
    let output = network(Variable(input), in: context).value
    #expect(method.gate(ofQuality: 0.6) == 0.5 && method.gate(ofQuality: 0.1) == 0)
    try adapted.activate([:])
    let wanted = expected(
      site, network, input, own, gates: [0.7, 0].map { Float($0) }, scale: 1.5)
    #expect(largestDifference(output, wanted) < 2e-5)
  }

  @Test(arguments: [SiteCase.linear, .fused, .convolution, .grouped, .tiled])
  func `gradients of a mixed batch equal finite differences`(site: SiteCase) throws {
    let (network, input) = site.make()
    let adapter = try AdaptedNetwork(network).attach(
      AdapterPlan(PETALface(rank: 2, dropout: 0), sites: ["layer"]), random: RandomStream(seed: 4))
    adapter.disturb()
    let parameters = adapter.parameters.map(\.parameter)
    var random = RandomStream(seed: 6)
    let weights = random.uniform(shape: network.output(input).shape, bound: 1)
    func output(_ context: ForwardContext) -> Variable {
      context.quality = [0.9, 0.2]
      return network(Variable(input), in: context)
    }
    let context = ForwardContext.training(random: random)
    context.backward(from: output(context), seed: weights)
    for parameter in parameters {
      let gradient = try #require(parameter.gradient)
      let start = parameter.value
      var (error, largest) = (0.0, 1e-3)
      for position in stride(from: 0, to: gradient.count, by: 3) {
        func moved(_ step: Float) -> Double {
          parameter.value[position] = start[position] + step
          defer { parameter.value = start }
          return zip(output(.inference()).value.values, weights.values).reduce(0) {
            $0 + Double($1.0) * Double($1.1)
          }
        }
        let numeric = (moved(1e-2) - moved(-1e-2)) / 2e-2
        error = max(error, abs(numeric - Double(gradient[position])))
        largest = max(largest, abs(numeric))
      }
      #expect(error / largest < 2e-2)
    }
  }

  @Test func `windows of one picture share its gate`() throws {
    let (network, input) = SiteCase.linear.make()
    let adapter = try AdaptedNetwork(network).attach(
      AdapterPlan(PETALface(rank: 2), sites: ["layer"]), random: RandomStream(seed: 4))
    adapter.disturb()
    func output(_ shape: [Int]) -> [Float] {
      let context = ForwardContext.inference()
      context.quality = [0.9, 0.2]
      return network(Variable(input.reshaped(shape)), in: context).value.values
    }
    #expect(output([2, 3, 8]) == output([6, 1, 8]))
    let training = ForwardContext.training(random: RandomStream(seed: 1))
    training.quality = [0.9, 0.2]
    _ = network(Variable(input.reshaped([6, 1, 8])), in: training)
  }

  @Test(arguments: PETALface.DropoutPlace.allCases)
  func `dropout keeps the mean of the branches`(place: PETALface.DropoutPlace) throws {
    let (network, input) = SiteCase.linear.make()
    var method = PETALface(rank: 2, dropout: 0.4)
    method.dropoutPlace = place
    let adapted = AdaptedNetwork(network)
    let adapter = try adapted.attach(
      AdapterPlan(method, sites: ["layer"]), random: RandomStream(seed: 4))
    adapter.disturb()
    guard let layer = network.layer as? Linear else { return }
    func output(_ context: ForwardContext) -> Tensor {
      context.quality = [0.9, 0.2]
      return layer(Variable(input), in: context).value
    }
    let wanted = output(.inference())
    var sum = Tensor(zeros: wanted.shape)
    let runs = 3000
    for run in 0..<runs {
      sum.add(
        output(.training(random: RandomStream(seed: 9).split(run))), scaledBy: 1 / Float(runs))
    }
    #expect(largestDifference(sum, wanted) < 0.06)
    #expect(output(.training(random: RandomStream(seed: 9))) != wanted)
    // Both places run in a backward pass and reach both factors.
    let context = ForwardContext.training(random: RandomStream(seed: 2))
    context.quality = [0.9, 0.2]
    context.backward(from: layer(Variable(input), in: context).summed())
    #expect(
      adapter.parameters.allSatisfy { ($0.parameter.gradient?.summedSquares() ?? 0) > 0 })
  }

  @Test func `a pattern for single branches adds no sites, and one that fits nothing is refused`()
    throws
  {
    let adapted = AdaptedNetwork(TwoSites())
    let every = PETALface(rank: 2, single: ["*"]).plan(for: adapted)
    #expect(every.sites == ["attn.qkv"])
    let adapter = try adapted.attach(every, random: RandomStream(seed: 4))
    #expect(adapter.attached.map { ($0.adapter as? QualityGatedAdapter)?.isGated } == [false])
    try adapted.detach("default")
    let wrong = AdapterPlan(PETALface(rank: 2, single: ["projekt"]), sites: ["project"])
    do {
      try adapted.attach(wrong, random: RandomStream(seed: 4))
      Issue.record("a pattern that fits nothing was taken")
    } catch {
      #expect(error.description.contains("did you mean \"project\""), "\(error)")
    }
    #expect(adapted.adapters.isEmpty)
  }

  @Test func `sites named single have one branch and no gate`() throws {
    let network = TwoSites()
    let adapted = AdaptedNetwork(network)
    let plan = PETALface(rank: 2, single: ["project"]).plan(for: adapted)
    #expect(plan.sites == ["attn.qkv", "project"])
    let adapter = try adapted.attach(plan, random: RandomStream(seed: 4))
    #expect(
      adapter.attached.map { ($0.adapter as? QualityGatedAdapter)?.isGated } == [true, false])
    // 2·2·(8 + 24) and 2·(8 + 4)
    #expect(adapter.parameterCount == 128 + 24 && adapter.declaredCount == 152)
    adapter.disturb()
    var input = RandomStream(seed: 7)
    let x = Variable(input.uniform(shape: [2, 3, 8], bound: 1))
    func projected(_ quality: [Float]) -> Tensor {
      let context = ForwardContext.inference()
      context.quality = quality
      return network.project(x, in: context).value
    }
    #expect(projected([0.9, 0.2]) == projected([0.1, 0.5]))
  }

  @Test func `one blend merges, and many do not`() throws {
    for site in SiteCase.allCases where site != .depthwise {
      let (network, input) = site.make()
      let adapted = AdaptedNetwork(network)
      let adapter = try adapted.attach(
        AdapterPlan(PETALface(rank: 2), sites: [site.pattern]), random: RandomStream(seed: 4))
      adapter.disturb()
      #expect(throws: AdapterError.notMergeable(name: "default", site: "layer")) {
        try adapted.merge()
      }
      for gate in [Float(0), 0.3, 1] {
        adapter.fixGate(gate)
        let separate = network.output(input)
        try adapted.merge()
        #expect(largestDifference(network.output(input), separate) < 2e-5, "\(site)")
        adapted.unmerge()
      }
    }
  }

  @Test func `buckets of merged copies stay within half a bucket`() throws {
    let (network, _) = SiteCase.linear.make()
    var random = RandomStream(seed: 8)
    let input = random.uniform(shape: [9, 3, 8], bound: 1)
    let base = network.layer.weight.value
    let adapted = AdaptedNetwork(network)
    let adapter = try adapted.attach(
      AdapterPlan(PETALface(rank: 2), sites: ["layer"], tuned: ["norm.bias"]),
      random: RandomStream(seed: 4))
    adapter.disturb()
    func separate(_ quality: [Float]) -> Tensor {
      let context = ForwardContext.inference()
      context.quality = quality
      return network(Variable(input), in: context).value
    }
    func run(_ merged: BucketedMerge, _ quality: [Float]) -> Tensor {
      merged.run(input, quality: quality) { network($0, in: $1) }
    }
    // At the middles of the buckets the blend is exact, in any order of the pictures.
    let middles: [Float] = [0.625, 0.125, 0.875, 0.375, 0.125, 0.875, 0.625, 0.625, 0.375]
    let wanted = separate(middles)
    let spread: [Float] = [0.02, 0.99, 0.3, 0.45, 0.55, 0.71, 1.4, -0.2, 0.5]
    let wantedSpread = separate(spread)
    let coarse = try BucketedMerge(adapted, count: 4)
    #expect(largestDifference(run(coarse, middles), wanted) < 2e-5)
    let coarseError = largestDifference(run(coarse, spread), wantedSpread)
    #expect(coarse.bucket(ofQuality: -3) == 0 && coarse.bucket(ofQuality: 3) == 3)
    coarse.finish()
    #expect(network.layer.weight.value == base && !adapted.isMerged)
    #expect(separate(middles) == wanted)
    let fine = try BucketedMerge(adapted, count: 64)
    let fineError = largestDifference(run(fine, spread), wantedSpread)
    fine.finish()
    #expect(fineError < coarseError / 4 && coarseError > 1e-4)
  }

  @Test func `the threshold is calibrated and kept in the plan`() throws {
    let method = try PETALface(rank: 4).calibrated(
      good: [0.7, 0.62], poor: [0.3, 0.36, 0.33], metric: "sharpness")
    #expect(abs(method.threshold - 0.495) < 1e-6 && method.metric == "sharpness")
    #expect(abs(method.gate(ofQuality: 0.695) - 0.7) < 1e-6)
    let data = try JSONEncoder().encode(AdapterPlan(method))
    let again = try JSONDecoder().decode(AdapterPlan.self, from: data)
    #expect(again.method as? PETALface == method)
    #expect(throws: AdapterError.self) {
      try PETALface().calibrated(good: [0.2], poor: [0.4], metric: "cnniqa")
    }
    #expect(throws: AdapterError.self) {
      try PETALface().calibrated(good: [], poor: [0.4], metric: "cnniqa")
    }
    let median = try PETALface().calibrated(training: [0.9, 0.1, 0.4, 0.6], metric: "x").threshold
    #expect(abs(median - 0.5) < 1e-6)
    #expect(try PETALface().calibrated(training: [0.9, 0.1, 0.4], metric: "x").threshold > 0.39)
  }

  @Test func `the start of the release leaves the base, ours does not`() throws {
    for startsAsReleased in [false, true] {
      let (network, input) = SiteCase.linear.make()
      let before = network.output(input)
      var method = PETALface(rank: 2)
      method.startsAsReleased = startsAsReleased
      try AdaptedNetwork(network).attach(
        AdapterPlan(method, sites: ["layer"]), random: RandomStream(seed: 4))
      #expect((network.output(input) == before) == !startsAsReleased)
    }
  }
}

/// A map of attention and a projection.
private final class TwoSites: Module {
  final class Attention: Module {
    let qkv: Linear
    init(_ random: inout RandomStream) {
      qkv = Linear(8, 24, parts: ["q", "k", "v"], random: &random)
    }
  }

  let attn: Attention
  let project: Linear

  init() {
    var random = RandomStream(seed: 14)
    attn = Attention(&random)
    project = Linear(8, 4, random: &random)
  }
}
