import Backbones
import Gradients
import Images
import Layers
import Tasks
import Tensors
import Testing

/// Two 3×3 convolutions: sees two pixels far; it may double the sides by repeating pixels.
private final class NearSight: RestorationBackbone {
  let first: Convolution2D
  let second: Convolution2D
  private let doubles: Bool
  var scale: Int { doubles ? 2 : 1 }

  init(doubles: Bool = false) {
    self.doubles = doubles
    var random = RandomStream(seed: 3)
    first = Convolution2D(3, 8, kernel: 3, padding: 1, hasBias: true, random: &random)
    second = Convolution2D(8, 3, kernel: 3, padding: 1, random: &random)
  }

  func multiplyAccumulates(of extent: Extent) -> Int { 432 * extent.height * extent.width }

  func restored(_ images: Variable, in context: ForwardContext) -> Variable {
    let restored = images + second(first(images, in: context).rectified(), in: context)
    guard doubles else { return restored }
    let shape = restored.shape
    let square = Variable.concatenated([restored, restored, restored, restored], axis: 3)
    return square.reshaped([shape[0], shape[1], shape[2], 2, 2, 3]).permuted([0, 1, 3, 2, 4, 5])
      .reshaped([shape[0], 2 * shape[1], 2 * shape[2], 3])
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

  @Test func `tiles and turns of a network that enlarges equal the whole picture`() {
    let network = NearSight(doubles: true)
    let input = picture(40, 52)
    let whole = TiledRestoration().restored(input, by: network)
    #expect(whole.shape == [1, 80, 104, 3])
    let tiled = TiledRestoration(side: 32, overlap: 12).restored(input, by: network)
    #expect(tiled.shape == whole.shape)
    let difference = zip(whole.values, tiled.values).reduce(0) { max($0, abs($1.0 - $1.1)) }
    #expect(difference < 1e-5, "\(difference)")
    let turned = TiledRestoration(averagesTurns: true).restored(input, by: network)
    #expect(turned.shape == whole.shape)
    let image = Image(width: 20, height: 17, pixels: [UInt8](repeating: 90, count: 20 * 17 * 3))
    let enlarged = TiledRestoration().restored(image, by: network)
    #expect(enlarged.width == 40 && enlarged.height == 34)
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
