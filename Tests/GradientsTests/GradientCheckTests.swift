import Gradients
import Tensors
import Testing

/// The check that judges every pullback must itself be able to say no.
struct GradientCheckTests {
  private let input = Tensor([0.3, -0.7, 0.9, 0.2], shape: [2, 2])

  @Test(arguments: [1, 0.05] as [Float])
  func `a pullback that is wrong by a few parts in a hundred is found`(_ size: Float) {
    // The value is size · x, the gradient that reaches x is 0.97 · size.
    let error = GradientCheck.largestError(at: [input]) { inputs in
      inputs[0] * (0.97 * size) + inputs[0].detached * (0.03 * size)
    }
    #expect(abs(error - 0.03) < 2e-3)
  }

  @Test func `one wrong element among right ones is found`() {
    let error = GradientCheck.largestError(at: [input]) { inputs in
      // Nothing flows into the third element.
      let open = Variable(Tensor([1, 1, 0, 1], shape: [2, 2]))
      let shut = Variable(Tensor([0, 0, 1, 0], shape: [2, 2]))
      return (inputs[0] * open + inputs[0].detached * shut) * 0.1
    }
    #expect(error > 0.1)
  }

  @Test func `a right pullback passes`() {
    #expect(GradientCheck.largestError(at: [input]) { $0[0] * $0[0] * 0.05 } < 1e-3)
  }
}
