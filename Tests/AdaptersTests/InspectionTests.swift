import Foundation
import Gradients
import Layers
import Tensors
import Testing

@testable import Adapters

struct InspectionTests {
  /// 12×6: diag(6 … 1) over zeros.
  private var base: Tensor {
    var weight = Tensor(zeros: [12, 6])
    for index in 0..<6 { weight[index * 6 + index] = Float(6 - index) }
    return weight
  }

  private func change(_ size: Float) -> Tensor {
    Tensor(repeating: size / Float(72).squareRoot(), shape: [12, 6])
  }

  @Test func `a planted direction is found with the expected numbers`() {
    let found = SiteInspection(path: "x", base: base, change: change(18))
    #expect(found.intruders.first?.index == 0)
    #expect(abs(found.likeness[0] - 0.3824) < 1e-4)
    #expect(abs(found.values[0] - 20.7613) < 1e-3)
    #expect(abs(found.effectiveRank - 1) < 1e-3)
    let size = 18 / Double(91).squareRoot()
    #expect(abs(found.relativeSize - size) < 1e-5)
  }

  @Test func `softening takes the share it should, and a factor of 1 nothing`() {
    let softened = SiteInspection.softened(change(18), of: base, factor: 0.75)
    var changed = base
    changed.add(softened)
    #expect(abs(SingularValues(of: changed).values[0] - 15.5710) < 1e-3)
    let same = SiteInspection.softened(change(18), of: base, factor: 1)
    #expect(largestDifference(same, change(18)) == 0)
  }

  @Test func `small noise brings no intruder`() {
    var random = RandomStream(seed: 4)
    let noise = random.normal(shape: [12, 6], deviation: 1e-3)
    #expect(SiteInspection(path: "x", base: base, change: noise).intruders.isEmpty)
  }

  @Test func `leading components are those of the whole decomposition`() {
    var random = RandomStream(seed: 5)
    // Falling singular values, and two that are nearly equal.
    let parts = SingularValues(of: random.normal(shape: [220, 210], deviation: 1))
    let wanted = (0..<210).map { $0 == 3 ? Float(22.9) : 30 / (1 + 0.1 * Float($0)) }
    let matrix = Variable(parts.left).multipliedByRow(Variable(Tensor(wanted, shape: [210])))
      .multiplied(by: Variable(parts.right)).value
    let found = SingularValues.leading(6, of: matrix)
    let all = SingularValues(of: matrix)
    for index in 0..<6 {
      #expect(abs(found.values[index] - all.values[index]) < 1e-3)
      let cosine = (0..<220).reduce(Float(0)) {
        $0 + found.left[$1 * 6 + index] * all.left[$1 * 210 + index]
      }
      #expect(abs(abs(cosine) - 1) < 1e-3, "\(index): \(cosine)")
    }
    #expect(found.left.shape == [220, 6] && found.right.shape == [6, 210])
  }

  @Test func `intruders of a large weight are those that all its directions tell`() {
    var random = RandomStream(seed: 6)
    let base = random.normal(shape: [240, 230], deviation: 1)
    func planted(_ strength: Float) -> Tensor {
      let up = random.normal(shape: [240, 2], deviation: 1)
      return up.multipliedMatrix(random.normal(shape: [2, 230], deviation: 1))
        .scaled(by: strength)
    }
    for strength in [Float(0.02), 0.1, 0.4] {
      let change = planted(strength)
      let found = SiteInspection(path: "x", base: base, change: change)
      var changed = base
      changed.add(change)
      let (before, after) = (SingularValues(of: base), SingularValues(of: changed).leading(10))
      let cosines = Variable(after.left)
        .multiplied(by: Variable(before.left), transposingSelf: true).value.values
      let wanted = (0..<10).filter { index in
        cosines[index * 230..<(index + 1) * 230].allSatisfy { abs($0) < 0.5 }
      }
      #expect(found.intruders.map(\.index) == wanted, "\(strength)")
    }
  }

  @Test
  func `thin factors have the spectrum of their product, and fused maps are looked at in parts`()
    throws
  {
    let (network, _) = SiteCase.fused.make()
    let adapted = AdaptedNetwork(network)
    let adapter = try adapted.attach(
      AdapterPlan(LoRA(rank: 3, alpha: 2), sites: ["layer"]), random: RandomStream(seed: 2))
    adapter.disturb(by: 2)
    var told: [[Int]] = []
    let found = try adapted.inspect("default") { told.append([$0, $1]) }
    #expect(told == [[0, 1], [1, 1]])
    #expect(found.sites.map(\.path) == ["layer[q]", "layer[k]", "layer[v]"])
    let site = adapter.attached[0].site
    let change = try #require(
      adapter.attached[0].adapter.weightChange(at: site.geometry, of: Variable(site.baseWeight)))
    for (index, part) in found.sites.enumerated() {
      let rows = index * 8..<(index + 1) * 8
      let whole = SiteInspection(
        path: part.path, base: site.baseWeight.rows(rows), change: change.value.rows(rows))
      #expect(abs(part.effectiveRank - whole.effectiveRank) < 1e-3)
      #expect(part.intruders == whole.intruders && part.relativeSize == whole.relativeSize)
    }
    #expect(throws: CancellationError.self) {
      try adapted.inspect("default") { done, _ in if done > 0 { throw CancellationError() } }
    }
    let before = found.intruderCount
    #expect(try adapted.soften("default", factor: 0) == (before > 0 ? ["layer"] : []))
    #expect(try adapted.inspect("default").intruderCount <= before)
  }

  @Test func `an adapter is inspected site by site and softened within its rank`() throws {
    let (network, input) = SiteCase.linear.make()
    let adapted = AdaptedNetwork(network)
    let adapter = try adapted.attach(
      AdapterPlan(LoRA(rank: 2, alpha: 4)), random: RandomStream(seed: 2))
    #expect(try adapted.inspect("default").intruderCount == 0)
    adapter.disturb(by: 3)
    let before = try adapted.inspect("default")
    #expect(before.intruderCount > 0 && before.skipped.isEmpty)
    #expect(before.description.split(separator: "\n").count == 2)
    let largest = before.sites[0].values[0]
    #expect(try adapted.soften("default", factor: 0.5) == ["layer"])
    let after = try adapted.inspect("default")
    #expect(after.sites[0].values[0] < largest)
    let site = adapter.attached[0].site
    let change = try #require(
      adapter.attached[0].adapter.weightChange(
        at: site.geometry, of: Variable(site.baseWeight)))
    let values = SingularValues(of: change.value).values
    #expect(values[2] < 1e-4 * values[0])
    #expect(throws: AdapterError.notAttached(name: "x", known: ["default"])) {
      try adapted.inspect("x")
    }
    func features() -> Tensor {
      network(Variable(input), in: .inference()).meanOverPositions().value
    }
    let moved = features()
    try adapted.activate([:])
    let base = features()
    let report = ForgettingReport(base: base, adapted: moved)
    #expect(report.cosines.count == 2 && report.mean < 0.999 && report.least <= report.mean)
    #expect(abs(ForgettingReport(base: base, adapted: features()).mean - 1) < 1e-6)
  }
}
