import Batches
import Evaluation
import Images
import Metrics
import Tensors
import Testing

@Suite struct RestorationMethodTests {
  /// Soft surfaces with edges.
  private static var photograph: Image {
    var pixels: [UInt8] = []
    for y in 0..<64 {
      for x in 0..<64 {
        for channel in 0..<3 {
          let soft = 90 + (x + y * (channel + 1)) % 80
          pixels.append(UInt8((x / 20 + y / 16) % 2 == 0 ? soft : soft / 2))
        }
      }
    }
    return Image(width: 64, height: 64, pixels: pixels)
  }

  @Test(arguments: [10, 50])
  func `non-local means are as strong as the noise that is named`(sigma: Int) throws {
    let clean = Self.photograph
    var random = RandomStream(seed: 3)
    let spoiled = DegradationChoice.noise(sigma).applied(to: clean, random: &random)
    func gain(_ method: RestorationMethod?) throws -> Double {
      let restored = try #require(method).restored(spoiled, tiling: nil)
      return peakSignalToNoise(restored, clean) - peakSignalToNoise(spoiled, clean)
    }
    let named = try gain(RestorationMethod(baseline: "nlm", against: "noise\(sigma)"))
    let fixed = try gain(RestorationMethod(baseline: "nlm", against: "mixed"))
    #expect(
      (sigma == 10 || named > fixed + 0.5) && named > 2,
      "\(named) dB, with the strength of others \(fixed)")
  }

  @Test func `a name that is none is no method`() {
    #expect(RestorationMethod(baseline: "magic", against: "noise25") == nil)
  }
}
