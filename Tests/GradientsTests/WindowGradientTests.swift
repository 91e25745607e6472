import Gradients
import Tensors
import Testing

/// Windows, masks, resampling and clipping against finite differences and by hand.
struct WindowGradientTests {
  private func drawn(_ seed: UInt64, _ shape: [Int], bound: Float = 1) -> Tensor {
    var random = RandomStream(seed: seed)
    return random.uniform(shape: shape, bound: bound)
  }

  private static let layouts = [
    WindowLayout(height: 4, width: 6, window: (2, 3)),
    WindowLayout(height: 4, width: 6, window: (2, 3), shift: (1, 1)),
    WindowLayout(height: 5, width: 4, window: (2, 3), shift: (1, 0)),
    WindowLayout(height: 3, width: 3, window: (2, 2)),
  ]

  @Test(arguments: layouts.indices)
  func `cutting and joining windows`(_ index: Int) {
    let layout = Self.layouts[index]
    let map = drawn(1, [2, layout.height, layout.width, 3])
    #expect(Variable(map).windows(layout).joinedWindows(layout).value == map)
    #expect(GradientCheck.largestError(at: [map]) { $0[0].windows(layout) } < 2e-3)
    let tokens = drawn(2, [2 * layout.count, layout.tokens, 2])
    #expect(GradientCheck.largestError(at: [tokens]) { $0[0].joinedWindows(layout) } < 2e-3)
  }

  @Test func `windows of a rolled map, cell by cell`() {
    let layout = WindowLayout(height: 2, width: 4, window: (2, 2), shift: (0, 1))
    let map = Variable(Tensor((0..<8).map { Float($0) }, shape: [1, 2, 4, 1]))
    // Rolled by one column the rows are 1 2 3 0 and 5 6 7 4.
    #expect(map.windows(layout).value.values == [1, 2, 5, 6, 3, 0, 7, 4])
    let masks = layout.masks
    #expect(masks?.shape == [2, 4, 4])
    #expect(masks?.rows(0..<1).values == [Float](repeating: 0, count: 16))
    // In the second window the columns come from opposite ends.
    #expect(
      masks?.rows(1..<2).values == [
        0, -100, 0, -100, -100, 0, -100, 0, 0, -100, 0, -100, -100, 0, -100, 0,
      ])
    #expect(WindowLayout(height: 2, width: 4, window: (2, 2)).masks == nil)
  }

  @Test func `masks on attention offsets`() {
    let masks = drawn(3, [3, 2, 2])
    let offsets = drawn(4, [1, 2, 2, 2])
    let sum = Variable(offsets).addingMasks(masks).value
    #expect(sum.shape == [3, 2, 2, 2])
    #expect(sum[1 * 8 + 1 * 4 + 2] == offsets[6] + masks[6])
    #expect(GradientCheck.largestError(at: [offsets]) { $0[0].addingMasks(masks) } < 2e-3)
  }

  @Test func `cubic weights are those of the framework`() {
    func row(_ inputs: Int, _ outputs: Int, _ antialiased: Bool) -> [Float] {
      let weights = ResamplingWeights.bicubic(
        from: inputs, to: outputs, antialiased: antialiased)
      return Array(weights.values.prefix(inputs))
    }
    func close(_ found: [Float], _ expected: [Float]) -> Bool {
      found.indices.allSatisfy {
        abs(found[$0] - ($0 < expected.count ? expected[$0] : 0)) < 1e-7
      }
    }
    #expect(close(row(14, 16, true), [1.02851711, -0.02851711]))
    #expect(close(row(14, 8, true), [0.55135075, 0.45914267, 0.02779638, -0.0382898]))
    // Every row of either kind sums to one.
    for (inputs, outputs) in [(14, 16), (14, 8), (7, 24), (37, 16)] {
      for antialiased in [true, false] {
        let weights = ResamplingWeights.bicubic(
          from: inputs, to: outputs, antialiased: antialiased)
        for output in 0..<outputs {
          let sum = weights.values[(output * inputs)..<((output + 1) * inputs)].reduce(0, +)
          #expect(abs(sum - 1) < 1e-5)
        }
      }
    }
  }

  @Test(arguments: [0, 1, 2])
  func `resampling along an axis`(_ axis: Int) {
    let x = drawn(5, [4, 5, 3])
    let weights = ResamplingWeights.bicubic(from: x.shape[axis], to: 7)
    #expect(GradientCheck.largestError(at: [x]) { $0[0].resampled(weights, axis: axis) } < 2e-3)
  }

  @Test func `clipping, whose ends have no gradient`() {
    let x = Tensor([-3, -0.5, 0, 0.25, 5.5, 6, 7], shape: [7])
    #expect(Variable(x).clipped(0...6).value.values == [0, 0, 0, 0.25, 5.5, 6, 6])
    let tape = Tape()
    let leaf = tape.leaf(x)
    tape.backward(from: leaf.clipped(0...6).summed())
    #expect(tape.gradient(of: leaf)?.values == [0, 0, 0, 1, 1, 0, 0])
    let inside = Tensor([-2, 0.5, 3, 8], shape: [4])
    #expect(GradientCheck.largestError(at: [inside]) { $0[0].clipped(0...6) } < 2e-3)
  }
}
