import Foundation
import Images
import Tensors
import Testing

/// A thousand damaged PNG and JPEG files: each is refused in a sentence or decoded to a picture of a
/// bounded size, without a crash, a hang or a large allocation.
///
/// With `VISION_MUTATION_SECONDS` the damage goes on for that long, with other random numbers than in the
/// short run, and the process is taken to run nothing else: then memory is bounded. Continuous integration
/// does so.
@Suite struct MutatedFileTests {
  private struct Generator: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
      state &+= 0x9e37_79b9_7f4a_7c15
      var z = state
      z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
      z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
      return z ^ (z >> 31)
    }
  }

  private func mutated(_ seed: [UInt8], _ random: inout Generator) -> [UInt8] {
    var bytes = seed
    for _ in 0..<Int.random(in: 1...6, using: &random) {
      guard bytes.count > 4 else { break }
      // Half of the damage hits the first hundred bytes, where sizes and tables stand.
      let reach = Bool.random(using: &random) ? min(bytes.count, 100) : bytes.count
      let place = Int.random(in: 0..<reach, using: &random)
      switch Int.random(in: 0..<5, using: &random) {
      case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
      case 1: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
      case 2: bytes.removeSubrange(place..<min(bytes.count, place + 7))
      case 3: bytes.insert(contentsOf: bytes[place..<min(bytes.count, place + 40)], at: place)
      default: bytes.removeLast(Int.random(in: 1...bytes.count / 2, using: &random))
      }
    }
    return bytes
  }

  @Test(.timeLimit(.minutes(1))) func `damaged pictures are refused in a sentence`() throws {
    let names = [
      "plain.png", "interlaced.png", "palette-alpha.png", "deep-grey.png", "plain.jpg",
      "progressive.jpg", "restarts.jpg", "cmyk.jpg", "orientation-6.jpg",
    ]
    let seeds = try names.map { name in
      let url = try #require(
        Bundle.module.url(forResource: name, withExtension: nil, subdirectory: "Fixtures"))
      return (name: name, bytes: [UInt8](try Data(contentsOf: url)))
    }
    let seconds = ProcessInfo.processInfo.environment["VISION_MUTATION_SECONDS"]
      .flatMap { Int($0) }
    var random = Generator(state: seconds == nil ? 7 : 8)
    let before = Compute.peakResidentBytes
    let end = ContinuousClock.now + .seconds(seconds ?? 0)
    var number = 0
    var (refused, decoded) = (0, 0)
    while number < 1000 || ContinuousClock.now < end {
      let seed = seeds[number % seeds.count]
      number += 1
      do throws(ImageError) {
        let image = try Image(decoding: mutated(seed.bytes, &random), name: seed.name)
        #expect(image.width > 0 && image.height > 0 && image.width * image.height <= 1 << 28)
        decoded += 1
      } catch {
        refused += 1
        #expect(error.description.contains(seed.name) && error.description.hasSuffix("."))
      }
    }
    #expect(
      refused > number / 5 && decoded > number / 50, "\(refused) refused, \(decoded) decoded")
    // A picture of the sizes that damage makes of small ones, with what its decoder needs.
    let grown = Compute.peakResidentBytes - before
    #expect(seconds == nil || grown < 256 << 20, "\(grown) bytes more after \(number) files")
  }
}
