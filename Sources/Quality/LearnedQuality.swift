public import Foundation
import Gradients
public import Images
import Layers
public import Storage
import Tensors

/// The quality that a trained ``QualityNetwork`` sees in a picture at one size.
///
/// Pictures are brought to the size that it was trained with; the scores are cut to 0…1.
public struct LearnedQuality: QualityMetric {
  /// The network.
  public let network: QualityNetwork
  /// Rows of its pictures, in pixels.
  public let height: Int
  /// Columns of its pictures, in pixels.
  public let width: Int

  /// Takes a network and the size of its pictures.
  public init(_ network: QualityNetwork, height: Int, width: Int) {
    precondition(
      min(height, width) >= QualityNetwork.kernel,
      "LearnedQuality: \(height)×\(width) pixels are fewer than its filters need")
    self.network = network
    self.height = height
    self.width = width
  }

  /// Name in files.
  public static let name = "cnniqa"
  /// Name of the network's file in the folder of an adapter or a run.
  public static let fileName = "quality.safetensors"

  /// Name in files.
  public var name: String { Self.name }

  /// Scores the pictures in batches.
  public func quality(of pictures: [Image]) -> [Float] {
    stride(from: 0, to: pictures.count, by: 32).flatMap { start in
      let batch = pictures[start..<min(start + 32, pictures.count)]
      return network(Variable(tensor(of: Array(batch))), in: .inference()).value.values
        .map { min(max($0, 0), 1) }
    }
  }

  /// **Shape**: n pictures → `[n, height, width, 3]` of 0…1.
  func tensor(of pictures: [Image]) -> Tensor {
    var values: [Float] = []
    values.reserveCapacity(pictures.count * height * width * 3)
    for picture in pictures {
      let sized =
        picture.height == height && picture.width == width
        ? picture : picture.resized(width: width, height: height)
      values += sized.pixels.map { Float($0) / 255 }
    }
    return Tensor(values, shape: [pictures.count, height, width, 3])
  }

  /// Writes network and size into one safetensors file.
  public func write(to url: URL) throws(SafetensorsError) {
    let sizes = network.configuration
    try ModuleWeights.write(
      network,
      metadata: [
        "metric": name, "height": String(height), "width": String(width),
        "filters": String(sizes.filters), "hidden": String(sizes.width),
      ], to: url)
  }

  /// Reads what ``write(to:)`` wrote.
  ///
  /// - Throws: `QualityError.notAQualityFile` for another file; errors of ``Storage`` for a damaged one.
  public init(contentsOf url: URL) throws {
    let file = try SafetensorsFile(contentsOf: url)
    func number(_ key: String, _ range: ClosedRange<Int>) -> Int? {
      file.metadata[key].flatMap { Int($0) }.flatMap { range.contains($0) ? $0 : nil }
    }
    let sides = QualityNetwork.kernel...4096
    guard file.metadata["metric"] == Self.name, let height = number("height", sides),
      let width = number("width", sides), let filters = number("filters", 1...4096),
      let hidden = number("hidden", 1...65_536)
    else { throw QualityError.notAQualityFile(path: url.path) }
    let network = QualityNetwork(
      .init(filters: filters, width: hidden), random: RandomStream(seed: 0))
    try ModuleWeights.read(into: network, from: url)
    self.init(network, height: height, width: width)
  }
}
