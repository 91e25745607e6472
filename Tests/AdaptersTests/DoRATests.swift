import Gradients
import Layers
import Tensors
import Testing

@testable import Adapters

/// DoRA on every kind of site.
struct DoRATests {
  private func values(_ shape: [Int], _ purpose: String) -> Tensor {
    var random = RandomStream(seed: 17).split(purpose)
    return random.uniform(shape: shape, bound: 1)
  }

  @Test(arguments: [SiteCase.convolution, .strided, .tiled, .grouped, .fused, .part])
  func `gradients of DoRA on every kind of site`(site: SiteCase) throws {
    let (network, input) = site.make()
    let adapter = try AdaptedNetwork(network).attach(
      AdapterPlan(
        try AdapterCatalog.method(named: "dora", settings: ["rank": "2", "alpha": "3"]),
        sites: [site.pattern]), random: RandomStream(seed: 1))
    adapter.disturb()
    let entry = adapter.attached[0]
    let own = try #require(entry.adapter as? DirectionAdapter)
    let (geometry, weight) = (entry.site.geometry, network.layer.weight.value)
    let tape = Tape()
    let leaves = [own.down, own.up, own.magnitude].map { tape.leaf($0.value) }
    let changed =
      Variable(entry.site.baseWeight)
      + geometry.product(ofUp: leaves[1], down: leaves[0]) * own.scale
    // The function with the norm held at its value.
    let lengths = changed.rowLengths().value.values
    let inverse = Variable(Tensor(lengths.map { 1 / $0 }, shape: [geometry.outputs]))
    let rows = entry.site.outputs ?? 0..<geometry.outputs
    let parts = [
      weight.rows(0..<rows.lowerBound), weight.rows(rows.upperBound..<weight.shape[0]),
    ].map { $0.count == 0 ? [] : [Variable($0)] }
    let whole = Variable.concatenated(
      parts[0] + [changed.multipliedByColumn(leaves[2] * inverse)] + parts[1], axis: 0)
    let output = network.layer.geometry.product(
      Variable(input), weight: whole, bias: network.layer.bias.map { Variable($0.value) })
    let seed = values(output.shape, "seed")
    tape.backward(from: output, seed: seed)
    let context = ForwardContext.training(random: RandomStream(seed: 1))
    let found = network.mapped(Variable(input), in: context)
    #expect(largestDifference(found.value, output.value) < 1e-5)
    context.backward(from: found, seed: seed)
    for (leaf, parameter) in zip(leaves, [own.down, own.up, own.magnitude]) {
      let expected = tape.gradient(of: leaf) ?? Tensor(zeros: leaf.shape)
      let found = parameter.gradient ?? Tensor(repeating: .infinity, shape: leaf.shape)
      let size = expected.values.reduce(1) { max($0, abs($1)) }
      #expect(largestDifference(found, expected) < 1e-4 * size)
    }
  }

  @Test(arguments: [SiteCase.linear, .convolution, .strided, .grouped])
  func `lengths of DoRA's rows are those of the changed weight`(site: SiteCase) throws {
    let (network, _) = site.make()
    let adapted = AdaptedNetwork(network)
    let adapter = try adapted.attach(
      AdapterPlan(
        try AdapterCatalog.method(named: "dora", settings: ["rank": "2", "alpha": "3"]),
        sites: [site.pattern]), random: RandomStream(seed: 1))
    adapter.disturb()
    let directions = try #require(adapter.attached[0].adapter as? DirectionAdapter)
    try adapted.merge()
    // A merged row is as long as its trained length says.
    let lengths = Variable(network.layer.weight.value).rowLengths().value
    let wanted = directions.magnitude.value
    for (found, wanted) in zip(lengths.values, wanted.values) {
      #expect(abs(found - abs(wanted)) < 1e-5 * max(1, abs(wanted)))
    }
  }
}
