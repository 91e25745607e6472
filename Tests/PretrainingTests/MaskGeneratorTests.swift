import Backbones
import Pretraining
import Tensors
import Testing

struct MaskGeneratorTests {
  @Test(arguments: [
    (192, 192, 22, 36), (224, 224, 30, 49), (256, 128, 20, 32), (256, 256, 39, 64),
    (128, 128, 10, 16),
  ])
  func `masks the published number of units`(
    _ height: Int, _ width: Int, _ masked: Int, _ units: Int
  ) {
    let generator = MaskGenerator(image: Extent(height: height, width: width), unit: 32, ratio: 0.6)
    #expect(generator.grid.height * generator.grid.width == units)
    #expect(generator.maskedUnits == masked)
    var random = RandomStream(seed: 1)
    for _ in 0..<5 {
      let mask = generator.mask(random: &random)
      #expect(mask.count == units && mask.filter(\.self).count == masked)
    }
  }

  @Test func `every unit is masked equally often, each mask by itself`() {
    let generator = MaskGenerator(image: Extent(height: 128, width: 64), unit: 32, ratio: 0.6)
    var random = RandomStream(seed: 2)
    var counts = [Int](repeating: 0, count: 8)
    var previous: [Bool] = []
    var repeats = 0
    for _ in 0..<1600 {
      let mask = generator.mask(random: &random)
      repeats += mask == previous ? 1 : 0
      previous = mask
      for unit in 0..<8 where mask[unit] { counts[unit] += 1 }
    }
    // 5 of 8: 1000 expected with deviation 19.4; five deviations.
    #expect(counts.allSatisfy { abs($0 - 1000) < 97 })
    // 56 masks are possible.
    #expect(repeats < 80)
  }

  @Test(arguments: [1, 4, 8, 16])
  func `a unit spreads to the cells that lie in it`(_ stride: Int) {
    let generator = MaskGenerator(image: Extent(height: 48, width: 32), unit: 16, ratio: 0.5)
    let mask = [true, false, false, false, false, true]
    let cells = generator.expanded(mask, stride: stride)
    let columns = 32 / stride
    #expect(cells.count == 48 / stride * columns)
    for (index, isMasked) in cells.enumerated() {
      let (row, column) = (index / columns * stride / 16, index % columns * stride / 16)
      #expect(isMasked == mask[row * 2 + column])
    }
  }
}
