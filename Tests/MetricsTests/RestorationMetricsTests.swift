import Images
import Metrics
import Testing

/// PSNR and SSIM in every form, on a made pair whose numbers other tools gave.
@Suite struct RestorationMetricsTests {
  private let first: Image
  private let second: Image

  init() {
    var (a, b): ([UInt8], [UInt8]) = ([], [])
    for y in 0..<40 {
      for x in 0..<32 {
        for c in 0..<3 {
          let value = (7 * x + 5 * y + 40 * c + x * y / 3) % 256
          a.append(UInt8(value))
          b.append(UInt8(min(max(value + (3 * x + y * y + c) % 11 - 5, 0), 255)))
        }
      }
    }
    first = Image(width: 32, height: 40, pixels: a)
    second = Image(width: 32, height: 40, pixels: b)
  }

  @Test func `the pair is the one that was measured`() {
    #expect(first.pixels.reduce(0) { $0 + Int($1) } == 499981)
    #expect(second.pixels.reduce(0) { $0 + Int($1) } == 500057)
  }

  @Test(arguments: [
    (ColourChannels.rgb, 0, 38.211854), (.rgb, 4, 38.253536), (.luma, 0, 41.177523),
    (.roundedLuma, 0, 41.001546),
  ])
  func `peak signal to noise`(_ channels: ColourChannels, _ border: Int, _ expected: Double) {
    let found = peakSignalToNoise(first, second, channels: channels, border: border)
    #expect(abs(found - expected) < 1e-5, "\(found)")
  }

  @Test(arguments: [
    (StructuralSimilarity.gaussian2D, ColourChannels.rgb, 0.995326),
    (.gaussian2D, .luma, 0.995759), (.gaussian3D, .rgb, 0.998097), (.uniform, .rgb, 0.997169),
  ])
  func `structural similarity`(
    _ form: StructuralSimilarity, _ channels: ColourChannels, _ expected: Double
  ) {
    let found = form(first, second, channels: channels)
    #expect(abs(found - expected) < 2e-6, "\(found)")
  }

  @Test(arguments: [0, 4])
  func `values that are not rounded`(border: Int) {
    let values = first.pixels.map { Float($0) / 255 }
    // Whole levels are the same picture, rounded or not.
    let whole = peakSignalToNoise(values: values, second, isCut: true, border: border)
    #expect(abs(whole - peakSignalToNoise(first, second, border: border)) < 1e-4)
    // What lies outside the range counts where it is not cut.
    let wide = values.map { $0 > 0.5 ? $0 + 1 : $0 - 1 }
    let cut = peakSignalToNoise(values: wide, second, isCut: true, border: border)
    #expect(peakSignalToNoise(values: wide, second, isCut: false, border: border) < cut - 1)
    #expect(
      peakSignalToNoise(values: values, first, isCut: false, border: border) > 100)
  }

  @Test func `equal pictures`() {
    #expect(peakSignalToNoise(first, first) == .infinity)
    #expect(abs(StructuralSimilarity.gaussian2D(first, first) - 1) < 1e-12)
  }
}
