import Gradients
import Tensors
import Testing

/// Chains of pixel maps against the same operations one by one.
struct PixelChainTests {
  private func drawn(_ shape: [Int], _ name: String) -> Tensor {
    var random = RandomStream(seed: 5).split(name)
    return random.uniform(shape: shape, bound: 1)
  }

  private func expectClose(_ found: Tensor, _ expected: Tensor) {
    #expect(found.shape == expected.shape)
    let largest = expected.values.reduce(1) { max($0, abs($1)) }
    for (x, y) in zip(found.values, expected.values) { #expect(abs(x - y) <= 1e-5 * largest) }
  }

  /// Pixels that fill bands and that do not; channels that fill panels of the register tiles or not.
  @Test(arguments: [
    (2, 3, 5, 8), (1, 40, 33, 32), (2, 7, 9, 24), (3, 1, 1, 6), (1, 16, 16, 260), (1, 1, 1, 2),
  ])
  func everyStepInOrder(batch: Int, height: Int, width: Int, channels: Int) {
    let shape = [batch, height, width, channels]
    let (input, shortcut) = (drawn(shape, "input"), drawn(shape, "shortcut"))
    let (scale, shift) = (drawn([channels], "scale"), drawn([channels], "shift"))
    let factors = drawn([batch, channels], "factors")
    let square = drawn([channels, channels, 1, 1], "square")
    let wide = drawn([2 * channels, channels, 1, 1], "wide")
    let bias = drawn([2 * channels], "bias")

    var chain = PixelChain(columns: channels)
    chain.scale(by: factors, pixels: input.rows)
    chain.map(weight: square, bias: nil, addend: .tensor(shortcut), keeps: true)
    chain.normalize(scale: scale, shift: shift, epsilon: 1e-3)
    chain.map(weight: wide, bias: bias)
    chain.gate()
    chain.map(weight: square, bias: nil, addend: .kept)

    let kept =
      Variable(input).multipliedPerPicture(by: Variable(factors))
      .convolved(weight: Variable(square)) + Variable(shortcut)
    let expected =
      kept.layerNormalized(scale: Variable(scale), shift: Variable(shift), epsilon: 1e-3)
      .convolved(weight: Variable(wide), bias: Variable(bias)).gated()
      .convolved(weight: Variable(square)) + kept
    expectClose(chain.applied(to: input), expected.value)
  }

  @Test func factorsOfEveryPixel() {
    let (input, factors) = (drawn([2, 4, 3, 5], "x"), drawn([2, 4, 3, 5], "factors"))
    var chain = PixelChain(columns: 5)
    chain.scale(by: factors, pixels: 24)
    expectClose(chain.applied(to: input), (Variable(input) * Variable(factors)).value)
  }

  /// Tiles of eight channels, filters that go row by row, and rows too short for tiles.
  @Test(arguments: [
    (2, 9, 7, 16, 3, 1, 1), (1, 30, 40, 8, 3, 1, 1), (2, 9, 7, 6, 3, 1, 1), (1, 3, 3, 16, 3, 1, 1),
    (1, 11, 8, 16, 5, 2, 2),
  ])
  func gatedDepthwise(
    batch: Int, height: Int, width: Int, channels: Int, kernel: Int, stride: Int, padding: Int
  ) {
    let input = drawn([batch, height, width, channels], "x")
    let (weight, bias) = (drawn([channels, 1, kernel, kernel], "w"), drawn([channels], "b"))
    let found = input.gatedDepthwise(weight: weight, bias: bias, stride: stride, padding: padding)
    let expected = Variable(input).convolved(
      weight: Variable(weight), bias: Variable(bias), stride: stride, padding: padding,
      groups: channels
    ).gated()
    expectClose(found.gated, expected.value)
    expectClose(
      found.means, expected.meanOverPositions().value.reshaped([batch, channels / 2]))
  }
}
