import Backbones
import Gradients
import Layers
import Tensors
import Testing

struct DropPathTests {
  @Test func `drops whole pictures and scales the others`() {
    let branch = Variable(Tensor(repeating: 1, shape: [2000, 3, 2]))
    let context = ForwardContext.preview(random: RandomStream(seed: 5))
    let values = droppingPath(branch, 0.25, in: context).value.values
    var kept = 0
    for picture in 0..<2000 {
      let line = values[(picture * 6)..<(picture * 6 + 6)]
      let first = values[picture * 6]
      #expect(line.allSatisfy { $0 == first })
      #expect(first == 0 || abs(first - 1 / 0.75) < 1e-6)
      kept += first > 0 ? 1 : 0
    }
    // 1500 expected with deviation 19.4; five deviations.
    #expect(abs(kept - 1500) < 97)
  }

  @Test func `acts in training alone`() {
    let branch = Variable(Tensor(repeating: 1, shape: [50, 2]))
    for context in [ForwardContext.inference(), .recordedInference()] {
      #expect(droppingPath(branch, 0.9, in: context).value == branch.value)
    }
    let training = ForwardContext.training(random: RandomStream(seed: 1))
    #expect(droppingPath(branch, 0, in: training).value == branch.value)
  }

  @Test func `a dropped branch receives no gradient`() {
    let context = ForwardContext.training(random: RandomStream(seed: 8))
    guard let tape = context.tape else { return }
    let leaf = tape.leaf(Tensor(repeating: 1, shape: [40, 1]))
    let output = droppingPath(leaf, 0.5, in: context)
    tape.backward(from: output.summed())
    #expect(tape.gradient(of: leaf)?.values == output.value.values)
  }

  @Test func `the rate grows with the depth and the random stream decides`() {
    let model = VisionTransformer(
      .init(
        image: Extent(height: 16, width: 8), patch: 8, width: 12, depth: 3, heads: 3, dropPath: 0.6),
      random: RandomStream(seed: 2))
    let pictures = Variable(noise(3, [4, 16, 8, 3]))
    func run(_ seed: UInt64) -> Tensor {
      model.features(of: pictures, in: .preview(random: RandomStream(seed: seed))).value
    }
    #expect(run(1) == run(1))
    #expect(run(1) != run(2))
    let evaluated = model.features(of: pictures, in: .inference()).value
    #expect(run(1) != evaluated)
  }
}
