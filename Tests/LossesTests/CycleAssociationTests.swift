import Foundation
import Gradients
import Losses
import Tensors
import Testing

struct CycleAssociationTests {
  private let x = Tensor([1, 0, 0, 0, 1, 0], shape: [2, 3])
  private let y = Tensor([0.6, 0.8, 0, 0.8, 0.6, 0, 0, 0, 1], shape: [3, 3])

  @Test func `the loss has the reference value, whichever side comes first`() {
    let loss = CycleAssociation()
    #expect(abs(loss(Variable(x), Variable(y)).value.scalar - 0.8906247) < 2e-6)
    #expect(abs(loss(Variable(y), Variable(x)).value.scalar - 0.8906247) < 2e-6)
  }

  @Test func `the cycle has the reference values`() {
    let cycle = CycleAssociation().cycle(Variable(x), Variable(y)).value
    #expect(cycle.shape == [2, 2])
    for (found, expected) in zip(cycle.values, [0.527344, 0.472656, 0.472656, 0.527344]) {
      #expect(abs(Double(found) - expected) < 1e-6)
    }
  }

  /// The formula written out in double precision.
  private func reference(_ x: Tensor, _ y: Tensor) -> Double {
    let (n, m, width) = (x.shape[0], y.shape[0], x.columns)
    func softmax(_ scores: [Double]) -> [Double] {
      let powers = scores.map { exp($0) }
      let sum = powers.reduce(0, +)
      return powers.map { $0 / sum }
    }
    func similarity(_ i: Int, _ j: Int) -> Double {
      (0..<width).reduce(0) { $0 + Double(x[i * width + $1]) * Double(y[j * width + $1]) }
    }
    let there = (0..<n).map { i in
      softmax((0..<m).map { similarity(i, $0) * log(Double(m) + 1) / 0.5 })
    }
    let back = (0..<m).map { j in
      softmax((0..<n).map { similarity($0, j) * log(Double(n) + 1) / 0.5 })
    }
    let cycle = (0..<n).map { i in
      (0..<n).map { k in (0..<m).reduce(0) { $0 + there[i][$1] * back[$1][k] } }
    }
    var loss = 0.0
    for i in 0..<n {
      let others = (0..<n).filter { $0 != i }
      let row = others.map { cycle[i][$0] }.max() ?? 0
      let column = others.map { cycle[$0][i] }.max() ?? 0
      loss += max(row - cycle[i][i] + 0.5, 0) + max(column - cycle[i][i] + 0.5, 0)
    }
    return loss / Double(n)
  }

  @Test(arguments: 0..<12)
  func `equals the formula where the cycle is not symmetric`(_ seed: Int) {
    var random = RandomStream(seed: 23).split(seed)
    let (n, m) = (2 + seed % 4, 6)
    let x = Variable(random.normal(shape: [n, 3], deviation: 1)).l2Normalized().value
    let y = Variable(random.normal(shape: [m, 3], deviation: 1)).l2Normalized().value
    let found = CycleAssociation()(Variable(x), Variable(y)).value.scalar
    #expect(abs(Double(found) - reference(x, y)) < 1e-5)
  }

  @Test(arguments: [(3, 4), (4, 3), (2, 2), (3, 3)])
  func `equals finite differences`(_ n: Int, _ m: Int) {
    var random = RandomStream(seed: 21).split(n * 10 + m)
    let inputs = [
      random.normal(shape: [n, 5], deviation: 1), random.normal(shape: [m, 5], deviation: 1),
    ]
    let loss = CycleAssociation()
    let error = GradientCheck.largestError(at: inputs, step: 3e-3) {
      loss($0[0].l2Normalized(), $0[1].l2Normalized())
    }
    #expect(error < 5e-3)
  }

  @Test func `people who are found again cost less than strangers`() {
    var random = RandomStream(seed: 22)
    let first = Variable(random.normal(shape: [5, 16], deviation: 1)).l2Normalized()
    let stranger = Variable(random.normal(shape: [5, 16], deviation: 1)).l2Normalized()
    let loss = CycleAssociation()
    let same = loss(first, first).value.scalar
    #expect(same < loss(first, stranger).value.scalar)
    // Whichever order the other frame has them in.
    let turned = first.gathered([3, 0, 4, 1, 2])
    #expect(abs(loss(first, turned).value.scalar - same) < 1e-5)
  }

  @Test func `a single crop has no wrong way home`() {
    let tape = Tape()
    let leaf = tape.leaf(Tensor([1, 0, 0], shape: [1, 3]))
    let loss = CycleAssociation()(leaf, Variable(y))
    tape.backward(from: loss)
    #expect(loss.value.scalar == 0)
    #expect(tape.gradient(of: leaf)?.values.allSatisfy { $0 == 0 } ?? true)
  }
}
