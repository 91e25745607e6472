import Layers
import Optimizers
import Tensors
import Testing

struct AdamWTests {
  private func parameters() -> [(path: String, parameter: Parameter)] {
    [
      ("weight", Parameter(Tensor([1, -2, 3, 4], shape: [2, 2]))),
      ("bias", Parameter(Tensor([0.5, -0.5], shape: [2]))),
    ]
  }

  private func setGradients(_ named: [(path: String, parameter: Parameter)], _ step: Int) {
    var random = RandomStream(seed: 31).split(step)
    for (_, parameter) in named {
      parameter.gradient = random.normal(shape: parameter.value.shape, deviation: 1)
    }
  }

  @Test func `continues from a saved state with the same bits`() {
    let straight = parameters()
    let first = AdamW(straight)
    for step in 0..<6 {
      setGradients(straight, step)
      first.update(rate: 0.1)
    }
    let interrupted = parameters()
    let before = AdamW(interrupted)
    for step in 0..<3 {
      setGradients(interrupted, step)
      before.update(rate: 0.1)
    }
    let after = AdamW(interrupted)
    #expect(after.restore(before.state) == [])
    #expect(after.step == 3)
    for step in 3..<6 {
      setGradients(interrupted, step)
      after.update(rate: 0.1)
    }
    for (a, b) in zip(straight, interrupted) { #expect(a.parameter.value == b.parameter.value) }
  }

  @Test func `a state that does not fit is named and changes no step count`() {
    let named = parameters()
    let optimizer = AdamW(named)
    var state = optimizer.state
    state.step = 5
    state.moments["bias.second_moment"] = nil
    #expect(optimizer.restore(state) == ["bias"])
    state.moments["weight.first_moment"] = Tensor(zeros: [4])
    #expect(optimizer.restore(state) == ["weight", "bias"])
    #expect(optimizer.step == 0)
  }

  @Test func `moves only parameters with gradients and copies of values stay`() {
    let named = parameters()
    let kept = named.map(\.parameter.value)
    named[0].parameter.gradient = Tensor(repeating: 1, shape: [2, 2])
    let optimizer = AdamW(named, weightDecay: 0)
    #expect(abs(optimizer.gradientNorm - 2) < 1e-6)
    optimizer.update(rate: 0.1)
    #expect(kept[0].values == [1, -2, 3, 4])
    // The first step is the rate along the gradient's sign.
    for (a, b) in zip(named[0].parameter.value.values, [0.9, -2.1, 2.9, 3.9] as [Float]) {
      #expect(abs(a - b) < 1e-6)
    }
    #expect(named[1].parameter.value == kept[1])
  }

  @Test func `decay spares what is exempt`() {
    let named = parameters()
    for (_, parameter) in named { parameter.gradient = Tensor(zeros: parameter.value.shape) }
    AdamW(named, weightDecay: 0.5).update(rate: 0.1)
    for (a, b) in zip(named[0].parameter.value.values, [0.95, -1.9, 2.85, 3.8] as [Float]) {
      #expect(abs(a - b) < 1e-6)
    }
    #expect(named[1].parameter.value.values == [0.5, -0.5])
  }

  @Test func `frozen parameters are left out`() {
    let named = parameters()
    named[0].parameter.isTrainable = false
    let optimizer = AdamW(named)
    #expect(optimizer.state.moments.keys.sorted() == ["bias.first_moment", "bias.second_moment"])
  }

  @Test func `clearing forgets all gradients`() {
    let named = parameters()
    setGradients(named, 0)
    let optimizer = AdamW(named)
    optimizer.clearGradients()
    #expect(optimizer.gradientNorm == 0)
    #expect(named.allSatisfy { $0.parameter.gradient == nil })
  }
}
