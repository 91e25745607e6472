import Images
import Metrics
import Testing

struct ImageFeatureTests {
  @Test func `counts each stripe in its colour bin`() {
    var picture = Image(width: 4, height: 12)
    // Six stripes of two rows: red, green, blue, white, black, half red and half green.
    let colours: [[UInt8]] = [
      [255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255], [0, 0, 0],
    ]
    for y in 0..<12 {
      for x in 0..<4 {
        let colour = y < 10 ? colours[y / 2] : colours[x / 2]
        for channel in 0..<3 { picture.pixels[(y * 4 + x) * 3 + channel] = colour[channel] }
      }
    }
    let histogram = ColorHistogram()
    let features = histogram.features(of: picture)
    #expect(histogram.width == 768 && features.count == 768)
    func bin(_ stripe: Int, hue: Int, saturation: Int, value: Int) -> Float {
      features[stripe * 128 + (hue * 4 + saturation) * 4 + value]
    }
    let whole = Float(1.0 / 6).squareRoot()
    let half = Float(1.0 / 12).squareRoot()
    // Red is hue 0, green a third (bin 2 of 8), blue two thirds (bin 5).
    #expect(abs(bin(0, hue: 0, saturation: 3, value: 3) - whole) < 1e-6)
    #expect(abs(bin(1, hue: 2, saturation: 3, value: 3) - whole) < 1e-6)
    #expect(abs(bin(2, hue: 5, saturation: 3, value: 3) - whole) < 1e-6)
    #expect(abs(bin(3, hue: 0, saturation: 0, value: 3) - whole) < 1e-6)
    #expect(abs(bin(4, hue: 0, saturation: 0, value: 0) - whole) < 1e-6)
    #expect(abs(bin(5, hue: 0, saturation: 3, value: 3) - half) < 1e-6)
    #expect(abs(bin(5, hue: 2, saturation: 3, value: 3) - half) < 1e-6)
    #expect(features.count { $0 != 0 } == 7)
  }

  @Test func `histograms do not depend on size and have unit length`() {
    var random = TestRandom(seed: 41)
    var picture = Image(width: 16, height: 24)
    for index in picture.pixels.indices { picture.pixels[index] = UInt8(random.next() >> 56) }
    let doubled = picture.resized(width: 32, height: 48, filter: .nearest)
    let features = ColorHistogram().features(of: picture)
    let others = ColorHistogram().features(of: doubled)
    #expect(zip(features, others).allSatisfy { abs($0 - $1) < 1e-6 })
    #expect(abs(features.reduce(0) { $0 + $1 * $1 } - 1) < 1e-5)
    let flipped = ColorHistogram().features(of: picture.flippedHorizontally())
    #expect(zip(features, flipped).allSatisfy { abs($0 - $1) < 1e-6 })
    #expect(ColorHistogram().features(of: Image(width: 1, height: 2)).allSatisfy { $0.isFinite })
  }

  @Test func `pixel grids ignore brightness`() {
    var random = TestRandom(seed: 42)
    var picture = Image(width: 16, height: 32)
    for index in picture.pixels.indices { picture.pixels[index] = UInt8(random.next() >> 57) }
    var brighter = picture
    for index in picture.pixels.indices { brighter.pixels[index] = picture.pixels[index] + 50 }
    let grid = PixelGrid()
    let features = grid.features(of: picture)
    #expect(features.count == grid.width && grid.width == 32 * 16 * 3)
    #expect(abs(features.reduce(0) { $0 + $1 * $1 } - 1) < 1e-5)
    #expect(zip(features, grid.features(of: brighter)).allSatisfy { abs($0 - $1) < 1e-5 })
    #expect(grid.features(of: Image(width: 9, height: 9, red: 7)).allSatisfy { $0 == 0 })
  }

  @Test func `the catalog finds features by name`() {
    #expect(ImageFeatureCatalog.feature(named: "histogram")?.width == 768)
    #expect(ImageFeatureCatalog.feature(named: "pixels")?.name == "pixels")
    #expect(ImageFeatureCatalog.feature(named: "other") == nil)
    let names = ImageFeatureCatalog.all.map(\.name)
    #expect(Set(names).count == names.count)
  }
}
