import Gradients
import Losses
import Tensors
import Testing

struct PairContrastTests {
  /// Two crops of one frame and three of the next, as worked through by hand and by finite differences.
  private let rows = Tensor(
    [1, 0, 0, 0, 1, 0, 0.6, 0.8, 0, 0.8, 0.6, 0, 0, 0, 1], shape: [5, 3])
  private let batch = PairBatch(
    frame: [0, 0, 1, 1, 1], clip: [0, 0, 0, 0, 0], pairs: [(0, 3), (1, 2)])

  @Test(arguments: [(Float(0), Float(0.9669770)), (0.5, 0.4258622), (1, 0.2044691)])
  func `the loss has the reference value`(_ exponent: Float, _ expected: Float) {
    let result = PairContrast(exponent: exponent)(Variable(rows), batch: batch)
    expectClose([result.loss.value.scalar], [expected])
    expectClose(result.forward, [0.8802769, 0.8802769])
    expectClose(result.backward, [0.1642386, 0.1642386])
  }

  @Test func `weight 1 is γ = 0`() {
    let result = PairContrast(reliability: .none)(Variable(rows), batch: batch)
    expectClose([result.loss.value.scalar], [0.9669770])
    #expect(result.weights == [1, 1])
  }

  @Test func `the gradient has the reference values`() {
    let found = gradient(rows, PairContrast(), batch).gradient
    expectClose(
      found.values,
      [
        0, -0.145641, 0.000650, -0.145641, 0, 0.000650, 0.614454, -0.460841, 0.000023, -0.460841,
        0.614454, 0.000023, 0.000682, 0.000682, 0,
      ])
  }

  /// Six crops of two frame pairs, of any length.
  private var random: (rows: Tensor, batch: PairBatch) {
    var random = RandomStream(seed: 11)
    return (
      random.normal(shape: [9, 4], deviation: 1),
      PairBatch(
        frame: [0, 0, 1, 1, 1, 2, 2, 3, 3], clip: [0, 0, 0, 0, 0, 1, 1, 1, 1],
        pairs: [(0, 4), (1, 2), (5, 8), (6, 7)])
    )
  }

  @Test(arguments: [PairContrast.Reliability.none, .probability])
  func `crops of kin are no negatives`(_ reliability: PairContrast.Reliability) {
    let (rows, batch) = random
    let loss = PairContrast(temperature: 0.5, reliability: reliability)
    var related = batch
    related.kin = [[1], [0]]
    let together = loss(Variable(rows).l2Normalized(), batch: related)
    // The same as each frame pair by itself.
    let parts = [
      (0..<5, PairBatch(frame: [0, 0, 1, 1, 1], clip: [0, 0, 0, 0, 0], pairs: [(0, 4), (1, 2)])),
      (5..<9, PairBatch(frame: [0, 0, 1, 1], clip: [0, 0, 0, 0], pairs: [(0, 3), (1, 2)])),
    ].map { loss(Variable(rows.rows($0)).l2Normalized(), batch: $1) }
    expectClose(together.forward, parts.flatMap(\.forward))
    expectClose(together.backward, parts.flatMap(\.backward))
    expectClose(
      [together.loss.value.scalar], [parts.reduce(0) { $0 + $1.loss.value.scalar } / 2])
    let apart = loss(Variable(rows).l2Normalized(), batch: batch)
    #expect(zip(apart.forward, together.forward).allSatisfy { $0 < $1 })
  }

  @Test func `equals finite differences with kin`() {
    let (rows, unrelated) = random
    var batch = unrelated
    batch.kin = [[1], [0]]
    let loss = PairContrast(temperature: 0.5, reliability: .none)
    let error = GradientCheck.largestError(at: [rows]) { [batch] in
      loss($0[0].l2Normalized(), batch: batch).loss
    }
    #expect(error < 1e-3)
  }

  @Test(arguments: [true, false])
  func `equals finite differences where the weight is constant`(_ usesSameFrame: Bool) {
    let (rows, batch) = random
    let loss = PairContrast(
      temperature: 0.5, reliability: .none, usesSameFrameNegatives: usesSameFrame)
    let error = GradientCheck.largestError(at: [rows]) {
      loss($0[0].l2Normalized(), batch: batch).loss
    }
    #expect(error < 1e-3)
  }

  @Test func `with γ = 1 the gradient is that of 1 − p`() {
    let (rows, batch) = random
    let loss = PairContrast(temperature: 0.5)
    let analytic = gradient(rows, loss, batch).gradient
    func unreliability(_ rows: Tensor) -> Double {
      let result = loss(Variable(rows).l2Normalized(), batch: batch)
      return (result.forward + result.backward).reduce(0) { $0 + 1 - Double($1) }
        / Double(2 * batch.pairs.count)
    }
    for position in 0..<rows.count {
      var (high, low) = (rows, rows)
      high[position] += 1e-2
      low[position] -= 1e-2
      let numeric = (unreliability(high) - unreliability(low)) / 2e-2
      #expect(abs(numeric - Double(analytic[position])) < 2e-4)
    }
  }

  @Test(arguments: PairContrast.Reliability.allCases)
  func `a swap of the two sides leaves the loss unchanged`(_ rule: PairContrast.Reliability) {
    let (rows, batch) = random
    let loss = PairContrast(temperature: 0.3, reliability: rule)
    var swapped = batch
    swapped.pairs = batch.pairs.map { ($0.second, $0.first) }
    let (a, b) = (gradient(rows, loss, batch), gradient(rows, loss, swapped))
    expectClose([a.loss], [b.loss])
    expectClose(a.gradient.values, b.gradient.values)
  }

  @Test(arguments: PairContrast.Reliability.allCases)
  func `the order of the rows does not matter`(_ rule: PairContrast.Reliability) {
    let (rows, batch) = random
    let order = [3, 7, 0, 8, 2, 6, 1, 5, 4]
    let place = order.indices.map { row in order.firstIndex(of: row) ?? -1 }
    let moved = Tensor(
      order.flatMap { row in (0..<4).map { rows[row * 4 + $0] } }, shape: rows.shape)
    let movedBatch = PairBatch(
      frame: order.map { batch.frame[$0] }, clip: order.map { batch.clip[$0] },
      pairs: batch.pairs.map { (place[$0.first], place[$0.second]) })
    let loss = PairContrast(temperature: 0.3, reliability: rule)
    let (a, b) = (gradient(rows, loss, batch), gradient(moved, loss, movedBatch))
    expectClose([a.loss], [b.loss])
    let back = (0..<9).flatMap { row in (0..<4).map { b.gradient[place[row] * 4 + $0] } }
    expectClose(a.gradient.values, back)
  }

  @Test func `equal partners among orthogonal others are all but certain`() {
    // Four persons, each with one crop in both frames.
    let rows = Tensor(
      (0..<32).map { $0 / 4 % 4 == $0 % 4 ? Float(1) : 0 }, shape: [8, 4])
    let batch = PairBatch(
      frame: (0..<8).map { $0 / 4 }, clip: [Int](repeating: 0, count: 8),
      pairs: (0..<4).map { ($0, $0 + 4) })
    let result = PairContrast()(Variable(rows), batch: batch)
    let e = Float(22026.4657948)
    expectClose(result.forward, [Float](repeating: e / (e + 6), count: 4))
    #expect(result.loss.value.scalar < 3e-4)
    let alone = PairContrast(usesSameFrameNegatives: false)(Variable(rows), batch: batch)
    expectClose(alone.backward, [Float](repeating: e / (e + 3), count: 4))
  }

  @Test func `without pairs loss and gradient are zero`() {
    let found = gradient(
      rows, PairContrast(), PairBatch(frame: batch.frame, clip: batch.clip, pairs: []))
    #expect(found.loss == 0)
    #expect(found.gradient.values.allSatisfy { $0 == 0 })
  }

  @Test func `the loss stays finite where exponentials do not`() {
    let loss = PairContrast(temperature: 0.001, reliability: .none)
    let found = gradient(rows, loss, batch)
    #expect(found.loss.isFinite && found.gradient.isFinite)
    for rule in PairContrast.Reliability.allCases {
      let found = gradient(rows, PairContrast(temperature: 0.001, reliability: rule), batch)
      #expect(found.loss.isFinite && found.gradient.isFinite, "\(rule)")
    }
  }

  @Test func `the dustbin takes pairs that look like nobody in particular`() {
    // x0 and y0 are one look, x1 and y1 two looks that do not meet; x2 fills the frame.
    let rows = Tensor(
      [1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0.5, -0.86602540], shape: [5, 3])
    let batch = PairBatch(
      frame: [0, 0, 0, 1, 1], clip: [0, 0, 0, 0, 0], pairs: [(0, 3), (1, 4)])
    let result = PairContrast(reliability: .dustbin)(Variable(rows), batch: batch)
    #expect(result.weights.allSatisfy { $0 > 0 && $0 < 1 })
    #expect(result.weights[0] > 0.9)
    #expect(result.weights[1] < result.weights[0])
    // Frame similarities: all 0 here, so "nobody" scores 0 and p is the same both ways.
    let e = Float(22026.4657948)
    expectClose([result.weights[0]], [(e / (e + 2)) * (e / (e + 3))], 1e-5)
  }

  @Test func `with the dustbin the gradient is the plain one times the weight`() {
    let (rows, unrelated) = random
    var batch = unrelated
    batch.pairs = [(0, 4)]
    let plain = gradient(rows, PairContrast(temperature: 0.5, reliability: .none), batch)
    let loss = PairContrast(temperature: 0.5, reliability: .dustbin)
    let weighted = gradient(rows, loss, batch)
    let weight = loss(Variable(rows).l2Normalized(), batch: batch).weights[0]
    #expect(weight > 0 && weight < 1)
    expectClose(weighted.gradient.values, plain.gradient.values.map { $0 * weight })
    expectClose([weighted.loss], [plain.loss * weight])
  }
}
