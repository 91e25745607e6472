import Gradients
import Tensors
import Testing

/// Thin factors inside a product, against the same written out operation by operation.
struct LowRankTests {
  private func random(_ shape: [Int], _ purpose: String) -> Tensor {
    var stream = RandomStream(seed: 5).split(purpose)
    return stream.uniform(shape: shape, bound: 1)
  }

  /// Input, weight, bias, A and B of a map of 5 to 6 at rank 2.
  private var linear: [Tensor] {
    [
      random([2, 3, 5], "x"), random([6, 5], "w"), random([6], "b"), random([2, 5], "A"),
      random([6, 2], "B"),
    ]
  }

  private func difference(_ a: Tensor, _ b: Tensor) -> Float {
    #expect(a.shape == b.shape)
    return zip(a.values, b.values).reduce(0) { max($0, abs($1.0 - $1.1)) }
  }

  @Test(arguments: [Activation.identity, .gaussianErrorLinear])
  func `gradients of a linear map with a term`(activation: Activation) {
    let error = GradientCheck.largestError(at: linear) {
      $0[0].linear(
        weight: $0[1], bias: $0[2], activation: activation,
        terms: [LowRankTerm(down: $0[3], up: $0[4], scale: 0.7)])
    }
    #expect(error < 1e-2)
  }

  @Test func `a frozen map passes the gradients of its term on`() {
    let values = linear
    let error = GradientCheck.largestError(at: [values[0], values[3], values[4]]) {
      $0[0].linear(
        weight: Variable(values[1]), bias: Variable(values[2]), activation: .gaussianErrorLinear,
        terms: [LowRankTerm(down: $0[1], up: $0[2], scale: 0.7)])
    }
    #expect(error < 1e-2)
  }

  @Test func `gates, dropout and a part of the outputs`() {
    let values = linear
    let gates = Tensor([0.25, 1.5, 0.75, -1], shape: [2, 2])
    let column = Tensor([2, 1], shape: [2, 1])
    let mask = Tensor((0..<30).map { $0 % 3 == 0 ? 0 : 1.5 }, shape: [2, 3, 5])
    func terms(_ a: Variable, _ b: Variable, _ c: Variable, _ d: Variable) -> [LowRankTerm] {
      [
        LowRankTerm(down: a, up: b, scale: 0.7, outputs: 1..<4, gates: gates),
        LowRankTerm(down: c, up: d, scale: -2, gates: column, dropped: mask),
      ]
    }
    let inputs = [
      values[0], values[1], values[3], random([3, 2], "part"), random([1, 5], "C"),
      random([6, 1], "D"),
    ]
    let error = GradientCheck.largestError(at: inputs) {
      $0[0].linear(weight: $0[1], terms: terms($0[2], $0[3], $0[4], $0[5]))
    }
    #expect(error < 1e-2)
    let v = inputs.map { Variable($0) }
    let fused = v[0].linear(weight: v[1], terms: terms(v[2], v[3], v[4], v[5]))
    let first = (v[0].linear(weight: v[2]).gated(gates).linear(weight: v[3]) * 0.7)
    let widened = Variable.concatenated(
      [Variable(Tensor(zeros: [2, 3, 1])), first, Variable(Tensor(zeros: [2, 3, 2]))], axis: 2)
    let second =
      (v[0] * Variable(mask)).linear(weight: v[4]).gated(column).linear(weight: v[5]) * -2
    let whole = v[0].linear(weight: v[1]) + widened + second
    #expect(difference(fused.value, whole.value) < 1e-5)
  }

  @Test(arguments: [(1, 1, 1), (2, 1, 1), (1, 1, 2), (2, 0, 2)])
  func `gradients of a convolution with a term`(stride: Int, padding: Int, groups: Int) {
    let inputs = [
      random([2, 5, 4, 4], "x"), random([6, 4 / groups, 3, 3], "w"), random([6], "b"),
      random([2, 4 / groups, 3, 3], "A"), random([6, 2 / groups], "B"),
    ]
    let gates = Tensor([0.5, 2, -1, 0.25], shape: [2, 2])
    func apply(_ v: [Variable]) -> Variable {
      v[0].convolved(
        weight: v[1], bias: v[2], stride: stride, padding: padding, groups: groups,
        terms: [LowRankTerm(down: v[3], up: v[4], scale: 0.5, gates: gates)])
    }
    #expect(GradientCheck.largestError(at: inputs, of: apply) < 1e-2)
    let v = inputs.map { Variable($0) }
    let plain = v[0].convolved(
      weight: v[1], bias: v[2], stride: stride, padding: padding, groups: groups)
    let change = v[0].convolved(weight: v[3], stride: stride, padding: padding, groups: groups)
      .gated(gates)
      .convolved(weight: v[4].reshaped(v[4].shape + [1, 1]), groups: groups)
    #expect(difference(apply(v).value, (plain + change * 0.5).value) < 1e-5)
  }

  @Test func `nothing is recorded where nothing is tracked`() {
    let v = linear.map { Variable($0) }
    let result = v[0].linear(
      weight: v[1], terms: [LowRankTerm(down: v[3], up: v[4], scale: 1)])
    #expect(!result.isTracked)
  }
}
