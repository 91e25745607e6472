import Backbones
import Gradients
import Images
import Layers
import Tasks
import Tensors
import Testing

/// Two 3×3 convolutions: sees two pixels far.
private final class NearSight: RestorationBackbone {
  let first: Convolution2D
  let second: Convolution2D

  init() {
    var random = RandomStream(seed: 3)
    first = Convolution2D(3, 8, kernel: 3, padding: 1, hasBias: true, random: &random)
    second = Convolution2D(8, 3, kernel: 3, padding: 1, random: &random)
  }

  func multiplyAccumulates(of extent: Extent) -> Int { 432 * extent.height * extent.width }

  func restored(_ images: Variable, in context: ForwardContext) -> Variable {
    images + second(first(images, in: context).rectified(), in: context)
  }
}

@Suite struct TiledRestorationTests {
  private func picture(_ height: Int, _ width: Int) -> Tensor {
    var random = RandomStream(seed: 1)
    return random.uniform(shape: [1, height, width, 3], bound: 1)
  }

  @Test(arguments: [(40, 64), (64, 64), (33, 71), (20, 50), (16, 16)])
  func `tiles equal the whole picture where the network does not see further`(
    _ height: Int, _ width: Int
  ) {
    let network = NearSight()
    let input = picture(height, width)
    let whole = TiledRestoration().restored(input, by: network).values
    let tiled = TiledRestoration(side: 32, overlap: 12).restored(input, by: network).values
    let difference = zip(whole, tiled).reduce(0) { max($0, abs($1.0 - $1.1)) }
    #expect(difference < 1e-5, "\(difference)")
  }

  @Test func `every turn is undone`() {
    let input = picture(5, 7)
    #expect(SquareTurn.all.count == 8 && Set(SquareTurn.all).count == 8)
    for turn in SquareTurn.all {
      #expect(turn.undone(on: turn.applied(to: input)) == input, "\(turn)")
    }
  }

  @Test func `turns of pictures and of values agree`() {
    var pixels: [UInt8] = []
    for index in 0..<(4 * 6 * 3) { pixels.append(UInt8(index * 3)) }
    let image = Image(width: 6, height: 4, pixels: pixels)
    let values = Tensor(pixels.map { Float($0) }, shape: [1, 4, 6, 3])
    for turn in SquareTurn.all {
      let turned = turn.applied(to: image)
      let moved = turn.applied(to: values)
      #expect(moved.shape == [1, turned.height, turned.width, 3])
      #expect(moved.values == turned.pixels.map { Float($0) })
    }
  }

  @Test func `the mean over turns of a network that turns along is the plain result`() {
    // Filters of one value look the same whatever way the picture lies.
    let network = NearSight()
    for (_, parameter) in network.parameters {
      parameter.value = Tensor(repeating: 0.05, shape: parameter.value.shape)
    }
    let input = picture(16, 24)
    let mean = TiledRestoration(averagesTurns: true).restored(input, by: network).values
    let plain = TiledRestoration().restored(input, by: network).values
    #expect(zip(mean, plain).allSatisfy { abs($0 - $1) < 1e-4 })
  }
}
