import Adapters
import Gradients
import Layers
import Tensors
import Testing

struct SiteStatisticsTests {
  @Test func `a method can start from inputs and gradients, and measuring leaves no trace`() throws
  {
    let network = TwoMaps()
    let adapted = AdaptedNetwork(network)
    let sites = try adapted.sites(matching: ["first"])
    var random = RandomStream(seed: 8)
    let pictures = (0..<2).map { _ in random.uniform(shape: [3, 4], bound: 1) }
    let before = network.parameters.map { ($0.parameter.value, $0.parameter.isTrainable) }
    let found = try adapted.statistics(at: sites, passes: 2) { pass, context in
      network.first(Variable(pictures[pass]), in: context).summed()
    }
    let measured = try #require(found["first"])
    let covariance = try #require(measured.covariance)
    let lines = pictures.flatMap { picture in
      (0..<3).map { Array(picture.values[$0 * 4..<$0 * 4 + 4]) }
    }
    for column in 0..<4 {
      // The loss sums the outputs, so every row of the slope is the sum of the inputs.
      let sum = lines.reduce(Float(0)) { $0 + $1[column] }
      #expect(abs(measured.gradient[column] - sum / 2) < 1e-5)
      for other in 0..<4 {
        let products = lines.reduce(Float(0)) { $0 + $1[column] * $1[other] }
        #expect(abs(covariance[column * 4 + other] - products / 6) < 1e-5)
      }
    }
    for (entry, old) in zip(network.parameters, before) {
      #expect(entry.parameter.value == old.0 && entry.parameter.isTrainable == old.1)
      #expect(entry.parameter.gradient == nil)
    }
    #expect(sites.allSatisfy { $0.layer.adapters.entries.isEmpty })
    let plan = AdapterPlan(DataStart(), sites: ["first"])
    #expect(throws: AdapterError.self) {
      try adapted.attach(plan, random: RandomStream(seed: 1))
    }
    let adapter = try adapted.attach(plan, random: RandomStream(seed: 1), statistics: found)
    let start = try #require(
      adapter.parameters.first { $0.path == "first.lora_A.weight" }?.parameter.value)
    #expect(start == measured.gradient.rows(0..<1).multipliedMatrix(covariance))
    #expect(start.summedSquares() > 0)
  }

  @Test func `a part has the rows of its own, and kernels have no covariance`() throws {
    let (network, input) = SiteCase.part.make()
    let adapted = AdaptedNetwork(network)
    let trained = network.layer.weight.isTrainable
    let sites = try adapted.sites(matching: ["layer[k,v]"])
    let found = try adapted.statistics(at: sites, passes: 1) { _, context in
      network(Variable(input), in: context).summed()
    }
    #expect(found.count == 2 && network.layer.weight.isTrainable == trained)
    #expect(found["layer[k]"]?.gradient.shape == [8, 8])
    #expect(found["layer[k]"]?.covariance == found["layer[v]"]?.covariance)
    let (convolutions, pictures) = SiteCase.convolution.make()
    let other = AdaptedNetwork(convolutions)
    let measured = try #require(
      try other.statistics(at: other.sites, passes: 1) { _, context in
        convolutions(Variable(pictures), in: context).summed()
      }["layer"])
    #expect(measured.covariance == nil)
    #expect(measured.gradient.shape == convolutions.layer.weight.value.shape)
  }
}
