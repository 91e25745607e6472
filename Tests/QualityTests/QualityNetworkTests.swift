import Foundation
import Gradients
import Images
import Layers
import Quality
import Tensors
import Testing

struct QualityNetworkTests {
  /// What tools/goldens/quality.py recorded.
  private struct Golden: Decodable {
    struct Gradient: Decodable {
      let norm: Double
      let first: [Float]
    }

    let count: Int
    let scores: [Float]
    let gradients: [String: Gradient]
  }

  private func golden() throws -> Golden {
    let url = try #require(
      Bundle.module.url(forResource: "quality", withExtension: "json", subdirectory: "Goldens"))
    return try JSONDecoder().decode(Golden.self, from: Data(contentsOf: url))
  }

  @Test func `scores and gradients are those of PyTorch`() throws {
    let golden = try golden()
    let network = QualityNetwork(random: RandomStream(seed: 1))
    #expect(network.parameterCount() == 729_801 && golden.count == 729_801)
    for (rank, entry) in network.parameters.sorted(by: { $0.path < $1.path }).enumerated() {
      let shape = entry.parameter.value.shape
      entry.parameter.value = Tensor(
        (0..<entry.parameter.value.count).map {
          Float(0.08 * sin(0.7 * Double(rank) + 0.13 * Double($0)))
        }, shape: shape)
    }
    var pictures = [Float](repeating: 0, count: 2 * 3 * 20 * 17)
    for (index, _) in pictures.enumerated() {
      let j = Double(index)
      let (picture, channel, pixel) = (index / 1020, index % 1020 / 340, index % 340)
      pictures[(picture * 340 + pixel) * 3 + channel] = Float(
        0.5 + 0.5 * sin(0.1 * j + fmod(0.001 * j * j, 6)))
    }
    let context = ForwardContext.recordedInference()
    let scores = network(Variable(Tensor(pictures, shape: [2, 20, 17, 3])), in: context)
    for (found, wanted) in zip(scores.value.values, golden.scores) {
      #expect(abs(found - wanted) < 1e-4 * max(1, abs(wanted)))
    }
    context.backward(from: scores, seed: Tensor([1, -2], shape: [2]))
    for (path, parameter) in network.parameters {
      let wanted = try #require(golden.gradients[path])
      let gradient = try #require(parameter.gradient)
      let norm = gradient.summedSquares().squareRoot()
      #expect(abs(norm - wanted.norm) < 1e-3 * wanted.norm, "\(path)")
      for (index, value) in wanted.first.enumerated() {
        #expect(abs(gradient[index] - value) < 1e-3 * Float(wanted.norm), "\(path)")
      }
    }
  }

  @Test func `gradients equal finite differences`() {
    let network = QualityNetwork(
      .init(filters: 3, width: 5, dropout: 0), random: RandomStream(seed: 3))
    var random = RandomStream(seed: 4)
    let picture = random.uniform(shape: [2, 9, 8, 3], bound: 1)
    let error = GradientCheck.largestError(at: [picture], step: 1e-3) {
      network($0[0], in: .inference())
    }
    #expect(error < 2e-2)
  }

  @Test func `a file holds network, sizes and scores`() throws {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("quality-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let learned = LearnedQuality(
      QualityNetwork(.init(filters: 4, width: 6), random: RandomStream(seed: 5)), height: 12,
      width: 10)
    let url = folder.appendingPathComponent("quality.safetensors")
    try learned.write(to: url)
    let again = try LearnedQuality(contentsOf: url)
    let pictures = (0..<3).map { Patches.picture(seed: $0, width: 20 + $0, height: 18) }
    #expect(again.quality(of: pictures) == learned.quality(of: pictures))
    #expect(again.height == 12 && again.width == 10 && again.name == "cnniqa")
    #expect(again.quality(of: pictures).allSatisfy { (0...1).contains($0) })
    let other = folder.appendingPathComponent("other.safetensors")
    try Data([8, 0, 0, 0, 0, 0, 0, 0] + Array("{}      ".utf8)).write(to: other)
    #expect(throws: QualityError.notAQualityFile(path: other.path)) {
      try LearnedQuality(contentsOf: other)
    }
  }
}
