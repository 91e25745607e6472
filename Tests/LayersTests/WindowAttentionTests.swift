import Gradients
import Layers
import Tensors
import Testing

@Suite struct WindowAttentionTests {
  private let side = 8

  /// The same weights with another shift, with or without masks.
  private func layer(shift: Int, masksBorders: Bool = true) -> WindowAttention {
    var random = RandomStream(seed: 3)
    return WindowAttention(
      channels: 6, heads: 2, window: (4, 4), shift: (shift, shift), masksBorders: masksBorders,
      random: &random)
  }

  private var map: Tensor {
    var random = RandomStream(seed: 8)
    return random.normal(shape: [1, side, side, 6], deviation: 1)
  }

  private func output(_ layer: WindowAttention, _ map: Tensor) -> [Float] {
    layer(Variable(map), in: .inference()).value.values
  }

  /// The map rolled by some cells upwards and to the left.
  private func rolled(_ values: [Float], by shift: Int) -> Tensor {
    var result: [Float] = []
    for y in 0..<side {
      for x in 0..<side {
        let place = (y + shift + side) % side * side + (x + shift + side) % side
        result += values[(place * 6)..<(place * 6 + 6)]
      }
    }
    return Tensor(result, shape: [1, side, side, 6])
  }

  private func difference(_ first: [Float], _ second: [Float]) -> Float {
    zip(first, second).reduce(0) { max($0, abs($1.0 - $1.1)) }
  }

  /// The released face networks build masks and never add them: what is left is a roll.
  @Test func `without masks a shifted layer is the plain one on a rolled map`() {
    let map = map
    let found = output(layer(shift: 2, masksBorders: false), map)
    let inner = output(layer(shift: 0), rolled(map.values, by: 2))
    let expected = rolled(inner, by: -2).values
    #expect(difference(found, expected) < 1e-6)
    #expect(difference(output(layer(shift: 2), map), expected) > 1e-5)
  }

  @Test func `masks keep what was no neighbour apart`() {
    var values = map.values
    let before = output(layer(shift: 2), map)
    let open = output(layer(shift: 2, masksBorders: false), map)
    // The last cell of the map shares the rolled window of the first one.
    for channel in 0..<6 { values[(side * side - 1) * 6 + channel] += 5 }
    let changed = Tensor(values, shape: map.shape)
    #expect(output(layer(shift: 2), changed)[0..<6] == before[0..<6])
    #expect(output(layer(shift: 2, masksBorders: false), changed)[0..<6] != open[0..<6])
  }

  @Test func `a layer that is not shifted has nothing to mask`() {
    #expect(
      output(layer(shift: 0), map) == output(layer(shift: 0, masksBorders: false), map))
  }
}
