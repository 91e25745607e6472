import Foundation
import Storage
import Tensors
import Testing

/// A file of recorded results, and comparisons relative to the size of what was recorded.
struct Golden {
  private let file: SafetensorsFile

  init(_ name: String) throws {
    file = try SafetensorsFile(contentsOf: try Self.url("\(name).safetensors"))
  }

  static func url(_ name: String) throws -> URL {
    try #require(
      Bundle.module.url(forResource: name, withExtension: nil, subdirectory: "Goldens"))
  }

  /// Names that begin with a prefix, without it.
  func names(_ prefix: String) -> [String] {
    file.tensors.map(\.name).filter { $0.hasPrefix(prefix) }
      .map { String($0.dropFirst(prefix.count)) }
  }

  func tensor(_ name: String) throws -> Tensor {
    let entry = try #require(file[name])
    return Tensor(try file.floats(name), shape: entry.shape)
  }

  /// The largest difference over the largest recorded magnitude.
  func expect(
    _ found: Tensor, equals name: String, within tolerance: Double,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let expected = try tensor(name)
    #expect(
      found.shape == expected.shape, "shape of \(name)", sourceLocation: sourceLocation)
    guard found.shape == expected.shape else { return }
    let scale = max(expected.largestMagnitude, 1e-12)
    let difference = found.largestDifference(from: expected)
    #expect(
      difference <= tolerance * scale, "\(name): off by \(difference / scale) of its size",
      sourceLocation: sourceLocation)
  }

  /// The sums of `found` times two recorded tensors of noise against recorded ones; the tolerance is
  /// relative to its recorded length.
  ///
  /// Unlike its length they tell a tensor from the same numbers in another order.
  func expectProjections(
    of found: Tensor, equals name: String, length: String, within tolerance: Double,
    floor: Double = 0, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let expected = try tensor(name)
    let size = Double(try tensor(length).scalar)
    for (index, rank) in [1_000_001, 1_000_002].enumerated() {
      let direction = noise(rank, found.shape)
      let sum = zip(found.values, direction.values).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
      #expect(
        abs(sum - Double(expected[index])) <= tolerance * size + floor,
        "\(name): \(sum), not \(expected[index]), of a length of \(size)",
        sourceLocation: sourceLocation)
    }
  }

  /// The Euclidean length of `found` against a recorded one.
  func expectNorm(
    of found: Tensor, equals name: String, within tolerance: Double, floor: Double = 0,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let expected = Double(try tensor(name).scalar)
    let norm = found.summedSquares().squareRoot()
    #expect(
      abs(norm - expected) <= tolerance * expected + floor, "\(name): \(norm), not \(expected)",
      sourceLocation: sourceLocation)
  }
}
