import CKernels
import Gradients
import Layers
import Tensors
import Testing

struct ForwardContextTests {
  private func linear(_ inputs: Int, _ outputs: Int) -> Linear {
    var random = RandomStream(seed: 41)
    return Linear(inputs, outputs, deviation: 0.5, random: &random)
  }

  private let input = Tensor([1, 2, 3, 4, 5, 6], shape: [2, 3])

  @Test func `a layer that is used twice gets both gradients`() {
    let layer = linear(3, 3)
    let context = ForwardContext.training(random: RandomStream(seed: 0))
    let y = layer(layer(Variable(input), in: context), in: context)
    context.backward(from: y.summed())
    let once = ForwardContext.training(random: RandomStream(seed: 0))
    let error = GradientCheck.largestError(at: [layer.weight.value]) {
      let x = Variable(self.input).linear(weight: $0[0]).linear(weight: $0[0])
      return x
    }
    #expect(error < 1e-2)
    #expect(layer.weight.gradient != nil && once.tape != nil)
    // dL/db = 1 + Wᵀ 1 per row: the second use adds 1, the first what passes through W.
    let weight = layer.weight.value
    let expected = (0..<3).map { column in
      2 * (1 + (0..<3).reduce(Float(0)) { $0 + weight[$1 * 3 + column] })
    }
    for (a, b) in zip(layer.bias?.gradient?.values ?? [], expected) { #expect(abs(a - b) < 1e-5) }
  }

  @Test func `gradients of several passes add up until they are cleared`() {
    let layer = linear(3, 2)
    func pass() {
      let context = ForwardContext.training(random: RandomStream(seed: 0))
      context.backward(from: layer(Variable(input), in: context).summed())
    }
    pass()
    let once = layer.weight.gradient?.values ?? []
    pass()
    #expect(layer.weight.gradient?.values == once.map { 2 * $0 })
  }

  @Test func `without a tape nothing is tracked and no gradient appears`() {
    let layer = linear(3, 2)
    for context in [ForwardContext.inference(), .preview(random: RandomStream(seed: 0))] {
      let y = layer(Variable(input), in: context)
      #expect(!y.isTracked)
      context.backward(from: y.summed())
      #expect(layer.weight.gradient == nil)
    }
    #expect(!ForwardContext.inference().isTraining)
    #expect(ForwardContext.preview(random: RandomStream(seed: 0)).isTraining)
    #expect(!ForwardContext.recordedInference().isTraining)
  }

  @Test func `a frozen layer passes gradients on and gets none`() {
    let (first, second) = (linear(3, 4), linear(4, 2))
    second.setTrainable(false)
    let context = ForwardContext.training(random: RandomStream(seed: 0))
    let y = second(first(Variable(input), in: context), in: context)
    context.backward(from: y.summed())
    #expect(second.weight.gradient == nil && second.bias?.gradient == nil)
    #expect((first.weight.gradient?.summedSquares() ?? 0) > 0)
    first.setTrainable(false)
    #expect(!second(first(Variable(input), in: context), in: context).isTracked)
  }

  @Test func `frozen layers keep no inputs`() async {
    await #expect(processExitsWith: .success) {
      func kept(frozen: Bool) -> Int64 {
        var random = RandomStream(seed: 1)
        let layers = (0..<4).map { _ in Linear(64, 64, random: &random) }
        let head = Linear(64, 64, random: &random)
        for layer in layers where frozen { layer.setTrainable(false) }
        let context = ForwardContext.training(random: random)
        let picture = Variable(Tensor(repeating: 0.5, shape: [256, 64]))
        let before = ck_buffer_report().in_use_bytes
        // The first layer makes a tracked value, so that gradients pass through the frozen ones.
        var x = head(picture, in: context)
        for layer in layers { x = layer(x, in: context) }
        let bytes = ck_buffer_report().in_use_bytes - before
        return withExtendedLifetime((context, x)) { bytes }
      }
      let line: Int64 = 256 * 64 * 4
      let (free, frozen) = (kept(frozen: false), kept(frozen: true))
      // Trained, the inputs of four layers are kept beside the last result; frozen, none is.
      guard free >= 5 * line else { preconditionFailure("trained layers keep \(free)") }
      guard frozen < 2 * line else { preconditionFailure("frozen layers keep \(frozen)") }
    }
  }

  @Test func `after the backward pass parameters are the only holders of their values`() {
    let layer = linear(3, 2)
    let context = ForwardContext.training(random: RandomStream(seed: 0))
    context.backward(from: layer(Variable(input), in: context).summed())
    let before = layer.weight.value.withPointer { UInt(bitPattern: $0) }
    layer.weight.value.withMutablePointer { $0[0] += 1 }
    #expect(layer.weight.value.withPointer { UInt(bitPattern: $0) } == before)
  }
}
