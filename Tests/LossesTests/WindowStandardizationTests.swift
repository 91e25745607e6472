import Foundation
import Losses
import Storage
import Tensors
import Testing

struct WindowStandardizationTests {
  private func golden() throws -> SafetensorsFile {
    let url = try #require(
      Bundle.module.url(
        forResource: "targets", withExtension: "safetensors", subdirectory: "Goldens"))
    return try SafetensorsFile(contentsOf: url)
  }

  @Test(arguments: [47, 5])
  func `equals average pooling that leaves the border out`(_ side: Int) throws {
    let file = try golden()
    let pictures = Tensor(try file.floats("pictures"), shape: [2, 64, 16, 3])
    let expected = try file.floats("window\(side)")
    let window = WindowStandardization(of: pictures, side: side)
    let found = window.standardized(pictures)
    #expect(found.shape == pictures.shape)
    let largest = zip(found.values, expected).reduce(0) { max($0, abs($1.0 - $1.1)) }
    #expect(largest < 2e-4, "off by \(largest)")
    let back = window.restored(found)
    let lost = zip(back.values, pictures.values).reduce(0) { max($0, abs($1.0 - $1.1)) }
    #expect(lost < 1e-5)
  }

  @Test func `the published window is of 47 pixels, and brightness does not matter`() throws {
    #expect(WindowStandardization.publishedSide == 47)
    let pictures = Tensor(try golden().floats("pictures"), shape: [2, 64, 16, 3])
    let brighter = Tensor(pictures.values.map { 2 * $0 + 3 }, shape: pictures.shape)
    let plain = WindowStandardization(of: pictures).standardized(pictures)
    let other = WindowStandardization(of: brighter).standardized(brighter)
    let largest = zip(plain.values, other.values).reduce(0) { max($0, abs($1.0 - $1.1)) }
    #expect(largest < 1e-3)
  }

  @Test func `a flat picture stays finite`() {
    let flat = Tensor(repeating: 0.5, shape: [1, 16, 8, 3])
    let result = WindowStandardization(of: flat).standardized(flat)
    #expect(result.values.allSatisfy { abs($0) < 1e-3 })
  }
}
