import CVision
import Images
import Testing

@testable import Persons

@Suite("Background")
struct BackgroundModelTests {
  /// Colours and their CIELAB by `cv2.cvtColor(…, COLOR_RGB2LAB)` of OpenCV 5.0 on bytes.
  static let colours: [([UInt8], [UInt8])] = [
    ([0, 0, 0], [0, 128, 128]), ([255, 255, 255], [255, 128, 128]),
    ([255, 0, 0], [136, 208, 195]), ([0, 255, 0], [224, 42, 211]), ([0, 0, 255], [82, 207, 20]),
    ([128, 128, 128], [137, 128, 128]), ([10, 10, 10], [7, 128, 128]),
    ([207, 21, 45], [113, 195, 166]), ([60, 46, 205], [83, 182, 49]),
    ([222, 149, 10], [172, 146, 199]), ([24, 85, 110], [86, 118, 108]),
    ([159, 122, 67], [137, 136, 163]), ([40, 177, 188], [169, 97, 112]),
    ([8, 29, 115], [42, 157, 77]), ([100, 227, 132], [208, 73, 164]),
    ([107, 110, 170], [124, 142, 95]),
  ]

  @Test("CIELAB is within one step of OpenCV's")
  func lab() {
    var table = [Int32](repeating: 0, count: Int(CVISION_LAB_TABLE_COUNT))
    cvision_make_lab_table(&table)
    let (lightness, a, b) = BackgroundModel.lab(
      of: Self.colours.flatMap(\.0), table: table)
    for (index, colour) in Self.colours.enumerated() {
      let got = [lightness[index], a[index], b[index]]
      for (value, expected) in zip(got, colour.1) {
        #expect(abs(Int(value) - Int(expected)) <= 1, "\(colour.0): \(got)")
      }
    }
  }

  @Test("The median equals sorting", arguments: [1, 2, 7, 61, 255])
  func median(frameCount: Int) throws {
    var state: UInt64 = 5
    let width = 37
    let height = 9
    let frames = (0..<frameCount).map { _ in
      Image(
        width: width, height: height,
        pixels: (0..<(width * height * 3)).map { _ in
          state = state &* 6_364_136_223_846_793_005 &+ 1
          return UInt8(truncatingIfNeeded: state >> 40)
        })
    }
    let median = BackgroundModel.median(of: frames)
    let expected = (0..<(width * height * 3)).map { index in
      frames.map { $0.pixels[index] }.sorted()[(frameCount - 1) / 2]
    }
    #expect(median == expected)
  }

  @Test("No frames and mixed sizes are errors")
  func errors() {
    #expect(throws: DetectionError.noFrames) { try BackgroundModel(medianOf: []) }
    #expect(
      throws: DetectionError.mixedSizes(width: 4, height: 3, otherWidth: 3, otherHeight: 4)
    ) {
      try BackgroundModel(medianOf: [Image(width: 4, height: 3), Image(width: 3, height: 4)])
    }
  }

  @Test("Tall frames shrink by a whole factor to means of squares")
  func shrinking() {
    var image = Image(width: 7, height: 1442)
    for index in image.pixels.indices {
      image.pixels[index] = UInt8(truncatingIfNeeded: index * 31 + index / 7)
    }
    let small = StaticCameraDetector.workingImage(of: image)
    #expect(small.width == 2 && small.height == 480)
    for (x, y, channel) in [(0, 0, 0), (1, 479, 2), (1, 100, 1)] {
      var sum = 0
      for dy in 0..<3 {
        for dx in 0..<3 {
          sum += Int(image.pixels[((y * 3 + dy) * 7 + x * 3 + dx) * 3 + channel])
        }
      }
      #expect(small.pixels[(y * 2 + x) * 3 + channel] == UInt8((sum + 4) / 9))
    }
    let low = Image(width: 30, height: 720)
    #expect(StaticCameraDetector.workingImage(of: low) == low)
  }

  @Test("The sampler spreads its frames over the clip", arguments: [0, 1, 10, 11, 40, 1000])
  func sampler(count: Int) {
    var sampler = BackgroundSampler(capacity: 10)
    for index in 0..<count {
      let byte = UInt8(index * 255 / max(1, count - 1))
      sampler.append(Image(width: 2, height: 2, red: byte, green: byte, blue: byte))
    }
    let values = sampler.frames.map { Int($0.pixels[0]) }
    #expect(values.count <= 10 && values.count >= min(count, 5))
    #expect(values == values.sorted())
    if count >= 10 { #expect(values.first == 0 && (values.last ?? 0) >= 180) }
  }
}
