import Backbones
import Foundation
import Images
import Storage
import Tensors
import Testing

@testable import Evaluation

/// Pictures as timm and the transformers library prepare them for evaluation.
@Suite struct PicturePreparationTests {
  private let recorded: SafetensorsFile
  private let picture: Image
  private static let preprocessing = Preprocessing.imageNet

  init() throws {
    let url = Bundle.module.url(
      forResource: "preparations", withExtension: "safetensors", subdirectory: "Goldens")
    recorded = try SafetensorsFile(contentsOf: try #require(url))
    let shape = try #require(recorded["picture"]).shape
    picture = Image(
      width: shape[1], height: shape[0], pixels: try recorded.floats("picture").map { UInt8($0) })
  }

  /// The largest difference from what was recorded, in steps of an 8-bit value; without pixels at the
  /// border where `border` is not 0.
  private func steps(
    _ name: String, _ preparation: ModelConfiguration.Preparation, border: Int = 0
  ) throws -> Double {
    let shape = try #require(recorded[name]).shape
    let expected = Tensor(try recorded.floats(name), shape: [1] + shape)
    let found = PicturePreparation(preparation, preprocessing: Self.preprocessing).tensor(picture)
    let step = 1 / 255 / Double(Self.preprocessing.deviation.min() ?? 1)
    func inner(_ tensor: Tensor) -> Tensor {
      let (height, width) = (shape[0], shape[1])
      let kept = (border..<height - border).flatMap { row in
        (border..<width - border).flatMap { column in
          (0..<3).map { tensor[(row * width + column) * 3 + $0] }
        }
      }
      return Tensor(kept, shape: [kept.count])
    }
    return inner(found).largestDifference(from: inner(expected)) / step
  }

  private func preparation(
    _ size: [Int], _ filter: String, _ share: Float, _ mode: ModelConfiguration.Preparation.CropMode
  ) -> ModelConfiguration.Preparation {
    .init(
      inputSize: [3] + size, interpolation: filter, cropPct: share, cropMode: mode,
      mean: Self.preprocessing.mean, std: Self.preprocessing.deviation)
  }

  @Test func `the middle is cut out as timm does it`() throws {
    #expect(try steps("timm-center", preparation([16, 16], "bicubic", 0.7, .center)) < 1e-3)
    #expect(try steps("timm-rectangle", preparation([24, 12], "bilinear", 0.875, .center)) < 1e-3)
  }

  @Test(arguments: [("transformers-crop", 23), ("transformers-even", 25)])
  func `the middle is cut out as the transformers library does it`(
    _ name: String, _ edge: Int
  ) throws {
    var preparation = preparation([16, 16], "bicubic", 16 / Float(edge), .center)
    preparation.cropsDown = true
    #expect(try steps(name, preparation) < 1e-3)
    // One of the two has a middle that timm takes a pixel further on.
    preparation.cropsDown = false
    #expect(try (steps(name, preparation) < 1e-3) == (name == "transformers-even"))
  }

  @Test func `a squashed picture is that of timm but for rounding and its border`() throws {
    // As in training: not rounded to bytes on the way, and what is beyond the border repeats it.
    let preparation = preparation([24, 12], "bilinear", 1, .squash)
    let difference = try steps("timm-squash", preparation, border: 1)
    #expect(difference > 1e-3 && difference <= 1.01, "\(difference)")
    #expect(try steps("timm-squash", preparation) < 10)
  }
}
