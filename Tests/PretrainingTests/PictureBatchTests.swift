import Backbones
import Batches
import Images
import Tensors
import Testing

/// Resampling of pictures on their way into a batch, against the formula in double precision.
struct PictureBatchTests {
  private static let plain = Preprocessing(mean: [0, 0, 0], deviation: [1, 1, 1])

  /// The share of each of `count` source positions in output position `index`.
  private func shares(_ start: Double, _ length: Double, _ output: Int, _ index: Int, count: Int)
    -> [Int: Double]
  {
    let scale = length / Double(output)
    let support = max(scale, 1)
    let centre = start + (Double(index) + 0.5) * scale
    var shares: [Int: Double] = [:]
    var total = 0.0
    for position in Int(centre - support - 2)..<Int(centre + support + 2) {
      let weight = max(0, 1 - abs(Double(position) + 0.5 - centre) / support)
      shares[min(max(position, 0), count - 1), default: 0] += weight
      total += weight
    }
    return shares.mapValues { $0 / total }
  }

  private func expectation(_ image: Image, _ crop: Rectangle, _ extent: Extent) -> [Double] {
    var result: [Double] = []
    for y in 0..<extent.height {
      let down = shares(crop.top, crop.height, extent.height, y, count: image.height)
      for x in 0..<extent.width {
        let across = shares(crop.left, crop.width, extent.width, x, count: image.width)
        for channel in 0..<3 {
          var sum = 0.0
          for (row, a) in down {
            for (column, b) in across {
              sum += a * b * Double(image.pixels[(row * image.width + column) * 3 + channel])
            }
          }
          result.append(sum / 255)
        }
      }
    }
    return result
  }

  private func picture(_ width: Int, _ height: Int) -> Image {
    var random = RandomStream(seed: 8)
    // The left and upper halves are darker, so that a filter cut short is off by far.
    let pixels = (0..<(width * height * 3)).map { index -> UInt8 in
      let (x, y) = (index / 3 % width, index / 3 / width)
      let base: Float = (x * 2 < width ? 0 : 60) + (y * 2 < height ? 0 : 60)
      return UInt8(base + 130 * random.uniform())
    }
    return Image(width: width, height: height, pixels: pixels)
  }

  @Test(arguments: [
    (4000, 3, 3, 8), (3, 4000, 8, 3), (4000, 2, 1, 1), (37, 23, 16, 9), (5, 4, 16, 9),
  ])
  func `equals the antialiased triangle filter`(
    _ width: Int, _ height: Int, _ rows: Int, _ columns: Int
  ) {
    let image = picture(width, height)
    let extent = Extent(height: rows, width: columns)
    var change = PictureChange(keeping: image)
    for crop in [
      change.crop,
      Rectangle(
        left: -1.3, top: 0.4, width: Double(width) * 0.8 + 2, height: Double(height) * 0.7 + 1),
    ] {
      change.crop = crop
      let found = PictureBatch.tensor(
        [image], changes: [change], extent: extent, preprocessing: Self.plain
      ).values
      let expected = expectation(image, crop, extent)
      let largest = zip(found, expected).map { abs(Double($0) - $1) }.max() ?? .infinity
      #expect(found.count == expected.count && largest < 3e-5, "\(largest)")
    }
  }

  @Test func `a very wide picture keeps its mean colour`() {
    let image = picture(4000, 2)
    let found = PictureBatch.tensor(
      [image], extent: Extent(height: 1, width: 40), preprocessing: Self.plain
    ).values
    let mean = image.pixels.reduce(0) { $0 + Double($1) } / Double(image.pixels.count) / 255
    let average = found.reduce(0) { $0 + Double($1) } / Double(found.count)
    #expect(abs(average - mean) < 5e-3, "\(average), not \(mean)")
  }

  @Test func `mirroring reverses every row`() {
    let image = picture(37, 23)
    var change = PictureChange(keeping: image)
    let extent = Extent(height: 6, width: 5)
    func values() -> [Float] {
      PictureBatch.tensor(
        [image], changes: [change], extent: extent, preprocessing: .imageNet
      ).values
    }
    let straight = values()
    change.flips = true
    let mirrored = values()
    for y in 0..<6 {
      for x in 0..<5 {
        for channel in 0..<3 {
          #expect(mirrored[(y * 5 + x) * 3 + channel] == straight[(y * 5 + 4 - x) * 3 + channel])
        }
      }
    }
  }
}
