import Backbones
import Batches
import Gradients
public import Images
import Layers
import Losses
import Recipes
import Tensors

extension PretrainingInspector {
  /// A crop with a part hidden, what the network filled in, and the truth.
  public struct Filling: Sendable {
    /// The hidden part is mid-grey.
    public var masked: Image
    /// The reconstruction where hidden, the truth elsewhere.
    public var filled: Image
    /// The whole crop.
    public var truth: Image
    /// Mean absolute error per hidden pixel and channel, in the units of the loss.
    public var error: Double
    /// The same for filling every hidden pixel with the mean colour of the visible ones.
    public var meanColourError: Double
  }

  /// Reconstructions of crops spread over some of the store's.
  public func fillings(of crops: Range<Int>, count: Int = 12) throws -> [Filling] {
    let chosen = Self.spread(crops, count: count)
    guard !chosen.isEmpty else { return [] }
    let part = try reconstruct(chosen, random: random.split("masks"))
    let hidden = part.hidden
    let input = part.input
    var composed = input
    composed.withMutablePointer { target in
      part.output.withPointer { values in
        for pixel in hidden.indices where hidden[pixel] {
          for channel in 0..<3 { target[pixel * 3 + channel] = values[pixel * 3 + channel] }
        }
      }
    }
    let masked = PictureBatch.images(from: input, preprocessing: preprocessing, hidden: hidden)
    let filled = PictureBatch.images(from: composed, preprocessing: preprocessing)
    let truth = PictureBatch.images(from: input, preprocessing: preprocessing)
    return chosen.indices.map { index in
      Filling(
        masked: masked[index], filled: filled[index], truth: truth[index],
        error: part.errors[index], meanColourError: part.meanColourErrors[index])
    }
  }

  /// The loss of masked patches on crops spread over some of the store's, and beside it that of filling
  /// every hidden pixel with the mean colour of the visible ones of its crop.
  public func maskedLosses(
    of crops: Range<Int>, count: Int = 256
  ) throws -> (network: Double, meanColour: Double, crops: Int) {
    let chosen = Self.spread(crops, count: count)
    var (network, meanColour) = (0.0, 0.0)
    for start in stride(from: 0, to: chosen.count, by: 32) {
      let part = try reconstruct(
        Array(chosen[start..<min(start + 32, chosen.count)]),
        random: random.split("losses").split(start))
      network += part.errors.reduce(0, +)
      meanColour += part.meanColourErrors.reduce(0, +)
    }
    let count = Double(max(chosen.count, 1))
    return (network / count, meanColour / count, chosen.count)
  }

  private static func spread(_ crops: Range<Int>, count: Int) -> [Int] {
    let count = min(count, crops.count)
    return (0..<count).map { crops.lowerBound + $0 * crops.count / count }
  }

  /// Crops and what the network makes of them, both as normalised pictures.
  private struct Reconstructed {
    var input: Tensor
    var output: Tensor
    /// One mark per pixel.
    var hidden: [Bool]
    var errors: [Double]
    var meanColourErrors: [Double]
  }

  private func reconstruct(_ crops: [Int], random: RandomStream) throws -> Reconstructed {
    var random = random
    let generator = MaskGenerator(
      image: extent, unit: recipe.simmim.maskUnit, ratio: recipe.simmim.maskRatio)
    let images = try crops.map { try source.image(at: $0) }
    let input = PictureBatch.tensor(images, extent: extent, preprocessing: preprocessing)
    let masks = crops.map { _ in generator.mask(random: &random) }
    let cells = masks.flatMap { generator.expanded($0, stride: model.backbone.maskStride) }
    let hidden = masks.flatMap { generator.expanded($0, stride: 1) }
    let output = model.reconstruction(of: Variable(input), mask: cells, in: .inference()).value
    let plain = Self.filledWithMeanColour(input, hidden: hidden)
    guard recipe.simmim.target == .window47 else {
      return Reconstructed(
        input: input, output: output, hidden: hidden,
        errors: Self.errors(of: output, input, hidden),
        meanColourErrors: Self.errors(of: plain, input, hidden))
    }
    // The network's output and the loss are in the units of each pixel's surroundings.
    let window = WindowStandardization(of: input)
    let target = window.standardized(input)
    return Reconstructed(
      input: input, output: window.restored(output), hidden: hidden,
      errors: Self.errors(of: output, target, hidden),
      meanColourErrors: Self.errors(of: window.standardized(plain), target, hidden))
  }

  /// Pictures whose hidden pixels have the mean colour of the visible ones of their picture.
  private static func filledWithMeanColour(_ images: Tensor, hidden: [Bool]) -> Tensor {
    let plane = images.shape[1] * images.shape[2]
    var filled = images
    filled.withMutablePointer { values in
      for image in 0..<images.shape[0] {
        let pixels = image * plane..<(image + 1) * plane
        let visible = max(pixels.lazy.filter { !hidden[$0] }.count, 1)
        for channel in 0..<3 {
          var sum = 0.0
          for pixel in pixels where !hidden[pixel] { sum += Double(values[pixel * 3 + channel]) }
          let mean = Float(sum / Double(visible))
          for pixel in pixels where hidden[pixel] { values[pixel * 3 + channel] = mean }
        }
      }
    }
    return filled
  }

  /// Mean absolute error per hidden pixel and channel, of each picture.
  private static func errors(
    of output: Tensor, _ target: Tensor, _ hidden: [Bool]
  ) -> [Double] {
    let plane = target.shape[1] * target.shape[2]
    return output.withPointer { outputs in
      target.withPointer { targets in
        (0..<target.shape[0]).map { image in
          var (sum, count) = (0.0, 0.0)
          for pixel in image * plane..<(image + 1) * plane where hidden[pixel] {
            for channel in 0..<3 {
              let place = pixel * 3 + channel
              sum += abs(Double(targets[place]) - Double(outputs[place]))
            }
            count += 3
          }
          return sum / max(count, 1)
        }
      }
    }
  }
}
