import Foundation
import Images
import Testing

/// The expectations tools/goldens/images.py recorded, and the files they are about.
struct Goldens: Decodable, Sendable {
  struct Decoding: Decodable, Sendable, CustomTestStringConvertible {
    var file: String
    var width: Int
    var height: Int
    /// The largest difference allowed in any byte.
    var tolerance: Int
    /// The largest mean difference allowed; without it only ``tolerance`` counts.
    var meanTolerance: Double?
    var pixels: Data
    var testDescription: String { file }
  }

  struct Resizing: Decodable, Sendable, CustomTestStringConvertible {
    var filter: String?
    var box: [Double]?
    var width: Int
    var height: Int
    var pixels: Data
    var testDescription: String {
      "\(filter ?? box?.description ?? "") to \(width)×\(height)"
    }
  }

  struct Picture: Decodable, Sendable {
    var width: Int
    var height: Int
    var pixels: Data
  }

  var decoding: [Decoding]
  var source: Picture
  var resizing: [Resizing]

  /// The picture all resampling starts from.
  var sourceImage: Image {
    Image(width: source.width, height: source.height, pixels: [UInt8](source.pixels))
  }

  static func load() throws -> Goldens {
    try JSONDecoder().decode(Goldens.self, from: Data(contentsOf: url("goldens.json")))
  }

  static func url(_ name: String) -> URL {
    let resources = Bundle.module.resourceURL ?? Bundle.module.bundleURL
    return resources.appendingPathComponent("Fixtures").appendingPathComponent(name)
  }

  static func bytes(_ name: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: url(name))) }
}

/// The largest and the mean difference between the bytes of two equally long lists.
func difference(_ first: [UInt8], _ second: Data) -> (largest: Int, mean: Double) {
  var largest = 0
  var sum = 0
  for (one, other) in zip(first, second) {
    let step = abs(Int(one) - Int(other))
    largest = max(largest, step)
    sum += step
  }
  return (largest, Double(sum) / Double(max(first.count, 1)))
}
