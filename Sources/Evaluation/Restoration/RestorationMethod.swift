import Batches
import Foundation
public import Images
public import Tasks
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// What restores pictures in a comparison: a network, or something simple to beat.
public enum RestorationMethod {
  /// A trained or untrained network.
  case network(RestorationModel)
  /// The spoiled picture as it is.
  case identity
  /// The median of 3×3 pixels, channel by channel.
  case median
  /// Non-local means with the filter strength in 8-bit levels.
  ///
  /// - Parameter noise: deviation of the noise that is known to be there, which patches may differ by
  ///   without counting as different.
  case nonLocalMeans(strength: Double, noise: Double = 0)
  /// Unsharp masking: the picture plus its difference from a blurred one.
  case unsharp

  /// Names of the simple methods.
  public static let baselines = ["identity", "median", "nlm", "unsharp"]

  /// The simple method of a name; nil for another.
  ///
  /// - Parameter degradation: what it has to undo. Non-local means know the deviation of noise that is
  ///   named; their strength is 0.8 of it, and 20 for everything else.
  public init?(baseline name: String, against degradation: String) {
    switch name {
    case "identity": self = .identity
    case "median": self = .median
    case "nlm":
      if case .noise(let sigma) = DegradationChoice(degradation) {
        self = .nonLocalMeans(strength: 0.8 * Double(sigma), noise: Double(sigma))
      } else {
        self = .nonLocalMeans(strength: 20)
      }
    case "unsharp": self = .unsharp
    default: return nil
    }
  }

  /// Restores a picture.
  public func restored(_ image: Image, tiling: TiledRestoration?) -> Image {
    output(image, tiling: tiling).image
  }

  /// Restores a picture; a network also gives its values 0…1 before they are cut and rounded.
  func output(
    _ image: Image, tiling: TiledRestoration?
  ) -> (image: Image, values: [Float]?) {
    guard case .network(let model) = self else { return (simply(image), nil) }
    let way =
      tiling
      ?? model.shape.map { TiledRestoration(side: $0.tile, overlap: $0.overlap) }
      ?? TiledRestoration()
    let values = way.restoredValues(image, by: model.backbone)
    return (TiledRestoration.image(of: values), values.values)
  }

  private func simply(_ image: Image) -> Image {
    switch self {
    case .identity, .network: return image
    case .median: return Self.median(image)
    case .nonLocalMeans(let strength, let noise):
      return Self.nonLocalMeans(image, strength: strength, noise: noise)
    case .unsharp:
      let picture = FloatPicture(image)
      var result = picture
      let blurred = picture.blurred(.gaussian(sigma: 2))
      for index in result.values.indices {
        result.values[index] += picture.values[index] - blurred.values[index]
      }
      return result.image
    }
  }

  private static func median(_ image: Image) -> Image {
    var result = image
    for y in 0..<image.height {
      for x in 0..<image.width {
        for channel in 0..<3 {
          var values: [UInt8] = []
          for row in max(y - 1, 0)...min(y + 1, image.height - 1) {
            for column in max(x - 1, 0)...min(x + 1, image.width - 1) {
              values.append(image.pixels[(row * image.width + column) * 3 + channel])
            }
          }
          values.sort()
          result.pixels[(y * image.width + x) * 3 + channel] = values[values.count / 2]
        }
      }
    }
    return result
  }

  /// Patches of 5×5 in a window of 13×13; each pixel is the mean of the window's pixels weighed by how
  /// alike their patches are, over the three channels together.
  ///
  /// **Source**: A. Buades, B. Coll, J.-M. Morel, "A non-local algorithm for image denoising", CVPR 2005;
  /// the known noise as in their "Non-Local Means Denoising", IPOL 2011.
  ///
  /// The weight of a patch is `exp(−max(d² − 2σ², 0) / h²)` with the mean squared difference `d²`, the
  /// strength h and the known noise σ: equal patches differ by `2σ²` through noise alone.
  private static func nonLocalMeans(_ image: Image, strength: Double, noise: Double) -> Image {
    let (width, height) = (image.width, image.height)
    let (patch, window) = (2, 6)
    var sums = [Float](repeating: 0, count: width * height * 3)
    var weights = [Float](repeating: 0, count: width * height)
    let scale = Float(-1 / (strength * strength * 3))
    let expected = Float(2 * noise * noise * 3)
    let pixels = image.pixels.map { Float($0) }
    let columns = width + 2 * patch
    for dy in -window...window {
      for dx in -window...window {
        // Differences of all pixels to those one step away, summed over patches by an integral image.
        var integral = [Float](repeating: 0, count: (columns + 1) * (height + 2 * patch + 1))
        for y in 0..<(height + 2 * patch) {
          var row: Float = 0
          for x in 0..<columns {
            let (v, u) = (min(max(y - patch, 0), height - 1), min(max(x - patch, 0), width - 1))
            let (q, p) = (min(max(v + dy, 0), height - 1), min(max(u + dx, 0), width - 1))
            let (a, b) = ((v * width + u) * 3, (q * width + p) * 3)
            for channel in 0..<3 {
              let difference = pixels[a + channel] - pixels[b + channel]
              row += difference * difference
            }
            integral[(y + 1) * (columns + 1) + x + 1] = integral[y * (columns + 1) + x + 1] + row
          }
        }
        let side = 2 * patch + 1
        for y in 0..<height where (0..<height).contains(y + dy) {
          for x in 0..<width where (0..<width).contains(x + dx) {
            let (top, low) = (y * (columns + 1), (y + side) * (columns + 1))
            let square =
              integral[low + x + side] - integral[low + x] - integral[top + x + side]
              + integral[top + x]
            let weight = exp(scale * max(square / Float(side * side) - expected, 0))
            let (to, from) = (y * width + x, (y + dy) * width + x + dx)
            weights[to] += weight
            for channel in 0..<3 { sums[3 * to + channel] += weight * pixels[3 * from + channel] }
          }
        }
      }
    }
    return Image(
      width: width, height: height,
      pixels: sums.indices.map { UInt8(min(max(sums[$0] / weights[$0 / 3], 0), 255).rounded()) })
  }
}
