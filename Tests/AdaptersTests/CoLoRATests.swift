import Adapters
import Backbones
import Gradients
import Layers
import Tensors
import Testing

struct CoLoRATests {
  /// The maps of NAFNet of width 32 with 2, 2, 4, 8 encoder, 12 middle and 2, 2, 2, 2 decoder blocks,
  /// with the contributions, in 1e-4, that the project's figures show for it.
  private struct NAFNetMaps {
    var maps: [RankBudget.Map] = []
    var positions: [String: Int] = [:]

    init() {
      let encoder = [
        [3.9, 6.25], [4.1, 4.6], [1.4, 1.27, 1.4, 1.75],
        [0.3, 0.4, 0.55, 0.73, 0.5, 0.86, 1.17, 1.0],
      ]
      let decoder = [[1.0, 1.0], [2.07, 2.2], [5.5, 3.3], [3.7, 3.9]]
      var width = 32
      add("intro", 32, 27, 8)
      for (stage, blocks) in encoder.enumerated() {
        for (index, value) in blocks.enumerated() {
          block("encoder \(stage) \(index)", width, value)
        }
        // A step down counts with the block before it, a step up with the block behind it.
        add("down \(stage)", 2 * width, 4 * width, blocks[blocks.count - 1])
        width *= 2
      }
      for index in 0..<12 { block("middle \(index)", width, 0.01) }
      for (stage, blocks) in decoder.enumerated() {
        add("up \(stage)", 2 * width, width, blocks[0])
        width /= 2
        for (index, value) in blocks.enumerated() {
          block("decoder \(stage) \(index)", width, value)
        }
      }
      add("ending", 3, 288, 8)
    }

    private mutating func add(_ name: String, _ outputs: Int, _ columns: Int, _ value: Double) {
      positions[name] = maps.count
      maps.append(RankBudget.Map(outputs: outputs, columns: columns, contribution: value))
    }

    private mutating func block(_ name: String, _ width: Int, _ value: Double) {
      add("\(name) conv1", 2 * width, width, value)
      add("\(name) conv3", width, width, value)
      add("\(name) sca", width, width, value)
      add("\(name) conv4", 2 * width, width, value)
      add("\(name) conv5", width, width, value)
    }
  }

  private static let fixed = 326_243
  private static let total = 29_159_715

  @Test func `7 % of NAFNet are divided as the published contributions ask`() throws {
    let network = NAFNetMaps()
    #expect(network.maps.reduce(Self.fixed) { $0 + $1.count } == Self.total)
    let (slope, shares) = try #require(
      RankBudget().division(among: network.maps, fixed: Self.fixed, of: Self.total))
    #expect(abs(slope - 1.850) < 0.005)
    let trained = shares.reduce(Self.fixed) { $0 + $1.count }
    #expect(abs(Double(trained) / Double(Self.total) - 0.07) < 0.001)
    func share(_ name: String) throws -> RankBudget.Share {
      shares[try #require(network.positions[name])]
    }
    for (index, rank) in [12, 16, 22, 29, 20, 34, 46, 39].enumerated() {
      #expect(abs(try share("encoder 3 \(index) conv1").rank - rank) <= 1)
      #expect((0.06...0.28).contains(try share("encoder 3 \(index) conv1").ratio))
    }
    for index in 0..<12 { #expect(try share("middle \(index) conv1").rank == 1) }
    for (index, rank) in [79, 82, 85, 36].enumerated() {
      #expect(abs(try share("up \(index)").rank - rank) <= 1)
    }
    for (index, rank) in [43, 85, 69, 79].enumerated() {
      #expect(abs(try share("down \(index)").rank - rank) <= 1)
    }
    #expect(try share("intro").isFull && share("ending").isFull)
    #expect(try share("encoder 0 0 conv1").ratio >= 0.90)
  }

  @Test func `a smaller exponent is flatter`() throws {
    let network = NAFNetMaps()
    let (slope, shares) = try #require(
      RankBudget(exponent: 0.5).division(among: network.maps, fixed: Self.fixed, of: Self.total))
    #expect(abs(slope - 0.541) < 0.005)
    #expect(shares[try #require(network.positions["middle 0 conv1"])].rank == 7)
  }

  @Test func `more contribution never means less rank`() throws {
    let maps = (0..<20).map {
      RankBudget.Map(outputs: 64, columns: 96, contribution: Double($0 * $0))
    }
    for exponent in [0.5, 1, 2] {
      let rule = RankBudget(budget: 0.2, exponent: exponent)
      let (_, shares) = try #require(rule.division(among: maps, fixed: 100, of: 20 * 64 * 96))
      #expect(zip(shares, shares.dropFirst()).allSatisfy { $0.count <= $1.count })
      #expect(shares.reduce(100) { $0 + $1.count } <= 20 * 64 * 96 / 5)
      #expect(shares[0].rank == 1 && shares[19].rank > 1)
    }
    #expect(RankBudget(budget: 0.01).division(among: maps, fixed: 2000, of: 100_000) == nil)
  }

  @Test func `groups have factors of their own`() {
    let map = RankBudget.Map(outputs: 16, columns: 36, groups: 4, contribution: 1)
    let share = RankBudget(budget: 0.5).shares(of: [map], slope: 0.9)[0]
    let site = SiteGeometry(convolution: 16, 16, kernelHeight: 3, kernelWidth: 3, groups: 4)
    #expect(share.rank == 12 && !share.isFull)
    #expect(share.count == LoRA(rank: share.rank).parameterCount(at: site))
  }

  @Test func `everything of NAFNet is either divided or tuned in full`() throws {
    let network = NAFNet(.denoising(width: 4), random: RandomStream(seed: 2))
    let adapted = AdaptedNetwork(network)
    let division = try CoLoRA(budget: 0.3).division(
      for: adapted, contributions: .uniform(of: network))
    let maps = division.shares.reduce(0) { sum, entry in
      sum + (adapted.sites.first { $0.path == entry.path }?.layer.weight.value.count ?? 0)
    }
    #expect(division.fixedCount + maps == division.totalCount)
    // 36 blocks of 5 maps, 4 steps each way, and both ends.
    #expect(division.shares.count == 36 * 5 + 4 + 4 + 2)
    #expect(division.fraction <= 0.3 && division.fraction > 0.25)
  }

  /// `y = W₂ (W₁ x + b₁) + b₂` without anything non-linear between.
  private func network() -> TwoLayers { TwoLayers() }

  private func loss(
    _ network: TwoLayers, _ sample: Int, _ context: ForwardContext
  ) -> Variable {
    var random = RandomStream(seed: 30).split(sample)
    let input = Variable(random.uniform(shape: [2, 6], bound: 1))
    let target = Variable(random.uniform(shape: [2, 3], bound: 1))
    let difference = network(input, in: context) - target
    return (difference * difference).summed()
  }

  @Test func `integrated gradients add up to the change of the loss`() throws {
    // For one number that differs, the integral of the gradient times the difference is the change of
    // the loss, which is a parabola in that number.
    let network = network()
    let start = network.parameters.map(\.parameter.value)
    var tuned = Dictionary(
      uniqueKeysWithValues: network.parameters.map { ($0.path, $0.parameter.value) })
    var moved = try #require(tuned["second.weight"])
    moved[4] += 0.5
    tuned["second.weight"] = moved
    func lossValue() -> Double { Double(loss(network, 0, .inference()).value.scalar) }
    let before = lossValue()
    network.second.weight.value = moved
    let after = lossValue()
    network.second.weight.value = start[2]
    let found = try Contributions.integrated(of: network, towards: tuned, points: 200, samples: 1) {
      loss(network, $0, $1)
    }
    #expect(abs(try #require(found.values["second.weight"]) * 24 - abs(after - before)) < 5e-3)
    #expect(found.values["first.weight"] == 0 && found.values["second.bias"] == 0)
    #expect(found.measure == .faig)
  }

  @Test func `the formula over points, numbers and samples`() throws {
    let network = network()
    let start = Dictionary(
      uniqueKeysWithValues: network.parameters.map { ($0.path, $0.parameter.value) })
    let order = network.parameters.map(\.path)
    var random = RandomStream(seed: 31)
    let tuned = start.mapValues { value in
      var moved = value
      moved.add(random.uniform(shape: value.shape, bound: 0.3))
      return moved
    }
    network.first.bias?.isTrainable = false
    let found = try Contributions.integrated(of: network, towards: tuned, points: 3, samples: 2) {
      loss(network, $0, $1)
    }
    // Nothing of the network has changed.
    #expect(network.parameters.allSatisfy { $0.parameter.value == start[$0.path] })
    #expect(network.parameters.allSatisfy { $0.parameter.gradient == nil })
    #expect(network.first.bias?.isTrainable == false)
    network.setTrainable(true)
    var expected: [String: Double] = [:]
    for sample in 0..<2 {
      var sums: [String: [Double]] = [:]
      for point in 0..<3 {
        let share = Float(point) / 3
        for (path, parameter) in network.parameters {
          guard let a = tuned[path], let b = start[path] else { continue }
          parameter.value = Tensor(
            zip(a.values, b.values).map { $0 + share * ($1 - $0) }, shape: a.shape)
        }
        let context = ForwardContext.recordedInference()
        context.backward(from: loss(network, sample, context))
        for (path, parameter) in network.parameters {
          let gradient = try #require(parameter.gradient).values.map(Double.init)
          sums[path] = zip(sums[path] ?? gradient.map { _ in 0 }, gradient).map(+)
          parameter.gradient = nil
        }
      }
      for path in order {
        let a = try #require(tuned[path]).values
        let b = try #require(start[path]).values
        let g = try #require(sums[path])
        let sum = g.indices.reduce(0.0) { $0 + abs(g[$1] / 3 * Double(b[$1] - a[$1])) }
        expected[path, default: 0] += sum / Double(2 * g.count)
      }
    }
    for path in order {
      let (wanted, value) = (try #require(expected[path]), try #require(found.values[path]))
      #expect(abs(wanted - value) < 1e-4 * max(1, wanted), "\(path)")
      #expect(value > 0)
    }
  }

  @Test func `saliency and uniform need no tuned network`() throws {
    let network = network()
    let found = Contributions.saliency(of: network, samples: 1) { loss(network, $0, $1) }
    let context = ForwardContext.recordedInference()
    context.backward(from: loss(network, 0, context))
    for (path, parameter) in network.parameters {
      let gradient = try #require(parameter.gradient).values
      let sum = zip(gradient, parameter.value.values).reduce(0.0) { $0 + Double(abs($1.0 * $1.1)) }
      #expect(abs(try #require(found.values[path]) - sum / Double(gradient.count)) < 1e-5)
    }
    let uniform = Contributions.uniform(of: network)
    #expect(uniform.values.values.allSatisfy { $0 == 1 } && uniform.values.count == 4)
  }

  @Test func `weights of another network are refused by name`() throws {
    let network = network()
    var tuned = Dictionary(
      uniqueKeysWithValues: network.parameters.map { ($0.path, $0.parameter.value) })
    func measure() throws {
      _ = try Contributions.integrated(of: network, towards: tuned, samples: 1) {
        loss(network, $0, $1)
      }
    }
    tuned["first.bias"] = Tensor(zeros: [2])
    #expect(
      throws: AdapterError.unsuitableWeights(
        path: "first.bias", reason: "have the shape [2] instead of [8]")
    ) { try measure() }
    tuned["first.bias"] = nil
    #expect(throws: AdapterError.unsuitableWeights(path: "first.bias", reason: "are missing")) {
      try measure()
    }
  }

  @Test func `the plan attaches what the division promises`() throws {
    let network = MixedMaps()
    let adapted = AdaptedNetwork(network)
    var values = Contributions.uniform(of: network).values
    values["wide.weight"] = 0.02
    values["deep.wide.weight"] = 0.1
    values["head.weight"] = 5
    let contributions = Contributions(measure: .faig, values: values)
    let method = CoLoRA(budget: 0.4)
    let division = try method.division(for: adapted, contributions: contributions)
    let plan = try method.plan(for: adapted, contributions: contributions)
    let adapter = try adapted.attach(plan, random: RandomStream(seed: 5))
    #expect(adapter.parameterCount == division.trainedCount)
    #expect(adapter.declaredCount == division.trainedCount)
    #expect(division.fraction <= 0.4 && division.fraction > 0.3)
    let tuned = Set(adapter.tuned.map(\.path))
    // The head itself, and small tensors; no part of the path "wide" may catch "deep.wide".
    #expect(
      tuned == [
        "head.weight", "head.bias", "wide.bias", "deep.wide.bias", "depthwise.weight", "gain",
        "norm.weight", "norm.bias",
      ])
    let ranks = try #require(adapter.makeAllocator()).ranks
    #expect(Set(ranks.keys) == ["wide", "deep.wide"])
    #expect(try #require(ranks["wide"]) < #require(ranks["deep.wide"]))
    for entry in adapter.attached {
      let factors = try #require(entry.adapter as? LowRankAdapter)
      #expect(factors.scale == 1)
    }
    #expect(throws: AdapterError.self) {
      try CoLoRA(budget: 0.001).plan(for: adapted, contributions: contributions)
    }
    #expect(
      throws: AdapterError.unsuitableWeights(
        path: "wide.weight", reason: "have no measured contribution")
    ) {
      try method.plan(
        for: adapted, contributions: Contributions(measure: .uniform, values: [:]))
    }
  }
}

/// Two linear maps.
private final class TwoLayers: Module {
  let first: Linear
  let second: Linear

  init() {
    var random = RandomStream(seed: 12)
    first = Linear(uniform: 6, 8, random: &random)
    second = Linear(uniform: 8, 3, random: &random)
  }

  func callAsFunction(_ input: Variable, in context: ForwardContext) -> Variable {
    second(first(input, in: context), in: context)
  }
}

/// Maps, a depthwise kernel, a gain and a norm; one path ends another.
private final class MixedMaps: Module {
  final class Deep: Module {
    let wide: Linear
    init(_ random: inout RandomStream) { wide = Linear(32, 48, random: &random) }
  }

  let wide: Linear
  let deep: Deep
  let depthwise: Convolution2D
  let gain: Parameter
  let positions: Parameter
  let norm: LayerNormalization
  let head: Linear

  init() {
    var random = RandomStream(seed: 13)
    wide = Linear(32, 48, random: &random)
    deep = Deep(&random)
    depthwise = Convolution2D(8, 8, kernel: 3, groups: 8, random: &random)
    gain = Parameter(Tensor(repeating: 1, shape: [1, 8, 1, 1]))
    positions = Parameter(Tensor(zeros: [1, 9, 8]))
    norm = LayerNormalization(8)
    head = Linear(32, 4, random: &random)
  }
}
