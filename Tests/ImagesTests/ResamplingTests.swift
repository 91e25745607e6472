import Foundation
import Images
import Testing

@Suite struct ResamplingTests {
  @Test(arguments: try Goldens.load().resizing)
  func `equals Pillow byte for byte`(golden: Goldens.Resizing) throws {
    let source = try Goldens.load().sourceImage
    let result: Image
    if let box = golden.box {
      let rectangle = Rectangle(
        left: box[0], top: box[1], width: box[2] - box[0], height: box[3] - box[1])
      result = source.resampled(rectangle, width: golden.width, height: golden.height)
    } else {
      let filter = try #require(golden.filter.flatMap(ResamplingFilter.init(rawValue:)))
      result = source.resized(width: golden.width, height: golden.height, filter: filter)
    }
    #expect(result.width == golden.width)
    #expect(result.height == golden.height)
    #expect(Data(result.pixels) == golden.pixels)
  }

  @Test func `the whole picture resamples as it resizes`() throws {
    let source = try Goldens.load().sourceImage
    let whole = Rectangle(left: 0, top: 0, width: 37, height: 23)
    #expect(
      source.resampled(whole, width: 20, height: 30) == source.resized(width: 20, height: 30))
    #expect(source.resampled(whole, width: 37, height: 23) == source)
  }

  @Test func `far beyond the picture lies its border`() throws {
    let source = try Goldens.load().sourceImage
    let left = source.resampled(
      Rectangle(left: -1000, top: 0, width: 37, height: 23), width: 37, height: 23)
    for y in 0..<23 {
      for x in 0..<37 {
        #expect(pixel(left, x, y) == pixel(source, 0, y))
      }
    }
    let corner = source.resampled(
      Rectangle(left: 1e12, top: -1e12, width: 8, height: 1e9), width: 3, height: 4)
    for y in 0..<4 {
      for x in 0..<3 { #expect(pixel(corner, x, y) == pixel(source, 36, 0)) }
    }
  }

  @Test func `a box at whole pixels is a crop with the border repeated`() throws {
    let source = try Goldens.load().sourceImage
    let result = source.resampled(
      Rectangle(left: -4, top: 15, width: 12, height: 14), width: 12, height: 14)
    for y in 0..<14 {
      for x in 0..<12 {
        #expect(pixel(result, x, y) == pixel(source, max(x - 4, 0), min(y + 15, 22)))
      }
    }
  }

  @Test func `one colour stays one colour`() {
    let source = Image(width: 13, height: 9, red: 255, green: 7, blue: 128)
    for filter in ResamplingFilter.allCases {
      #expect(
        source.resized(width: 5, height: 31, filter: filter)
          == Image(width: 5, height: 31, red: 255, green: 7, blue: 128))
    }
    #expect(
      source.resampled(
        Rectangle(left: -7.3, top: 2.2, width: 40.9, height: 0.01), width: 6, height: 6)
        == Image(width: 6, height: 6, red: 255, green: 7, blue: 128))
  }

  @Test(arguments: [
    (Rectangle(left: 2, top: 3, width: 4, height: 5), 2, 3, 4, 5),
    (Rectangle(left: 2.4, top: 2.6, width: 4.2, height: 5), 2, 3, 5, 5),
    (Rectangle(left: 2.5, top: 3.5, width: 1, height: 1), 2, 4, 2, 0 + 1),
    (Rectangle(left: -10, top: -10, width: 15, height: 12), 0, 0, 5, 2),
    (Rectangle(left: 30, top: 20, width: 100, height: 100), 30, 20, 7, 3),
    (Rectangle(left: 500, top: -500, width: 4, height: 4), 36, 0, 1, 1),
    (Rectangle(left: 3, top: 3, width: 0, height: 0), 3, 3, 1, 1),
  ])
  func `crops whole pixels`(
    rectangle: Rectangle, left: Int, top: Int, width: Int, height: Int
  ) throws {
    let source = try Goldens.load().sourceImage
    let crop = source.cropped(rectangle)
    #expect(crop.width == width)
    #expect(crop.height == height)
    for y in 0..<crop.height {
      for x in 0..<crop.width {
        #expect(pixel(crop, x, y) == pixel(source, left + x, top + y))
      }
    }
  }

  @Test func `a flip exchanges left and right`() throws {
    let source = try Goldens.load().sourceImage
    let flipped = source.flippedHorizontally()
    for y in 0..<23 {
      for x in 0..<37 { #expect(pixel(flipped, x, y) == pixel(source, 36 - x, y)) }
    }
    #expect(flipped.flippedHorizontally() == source)
  }

  private func pixel(_ image: Image, _ x: Int, _ y: Int) -> [UInt8] {
    let start = (y * image.width + x) * 3
    return Array(image.pixels[start..<start + 3])
  }
}
