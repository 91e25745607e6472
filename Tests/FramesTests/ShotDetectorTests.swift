import Frames
import Images
import Testing

struct ShotDetectorTests {
  private func frame(_ image: Image, seconds: Double) -> Frame {
    Frame(image: image, index: 0, timestamp: 0, seconds: seconds)
  }

  @Test func `a histogram has 16 bins per channel that sum to 1`() {
    var image = Image(width: 4, height: 1, red: 255, green: 16, blue: 15)
    image.pixels[0] = 0
    let histogram = ShotDetector.histogram(of: image)
    #expect(histogram.count == 48)
    #expect(histogram[0] == 0.25 && histogram[15] == 0.75)
    #expect(histogram[17] == 1 && histogram[32] == 1)
  }

  @Test func `another scene is a cut, a moving square is none`() {
    var detector = ShotDetector()
    var cuts: [Int] = []
    for index in 0..<20 {
      var image = Clip.picture(index < 10 ? 0 : 100)
      image.pixels[index] = 7
      if detector.isCut(before: frame(image, seconds: Double(index) / 2)) { cuts.append(index) }
    }
    #expect(cuts == [10])
  }

  @Test func `the distance is the sum over channels, 0 to 6`() throws {
    var detector = ShotDetector()
    #expect(detector.lastDistance == nil)
    let black = Image(width: 10, height: 10)
    var mixed = black
    for place in 0..<50 { mixed.pixels[place * 3] = 200 }
    let first = detector.isCut(before: frame(black, seconds: 0))
    let second = detector.isCut(before: frame(mixed, seconds: 0.5))
    #expect(!first && !second)
    #expect(abs(try #require(detector.lastDistance) - 1) < 1e-12)
    let white = Image(width: 10, height: 10, red: 255, green: 255, blue: 255)
    let third = detector.isCut(before: frame(white, seconds: 1))
    let fourth = detector.isCut(before: frame(black, seconds: 1.5))
    #expect(third && fourth)
    #expect(detector.lastDistance == 6)
  }

  @Test func `a gap in time is a cut`() {
    var detector = ShotDetector()
    let image = Clip.picture(0)
    let seconds = [0, 2, 4.01, 5, 1]
    let cuts = seconds.map { detector.isCut(before: frame(image, seconds: $0)) }
    #expect(cuts == [false, false, true, false, true])
  }
}
