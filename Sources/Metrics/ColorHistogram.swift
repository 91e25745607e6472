public import Images

/// Colour histograms of horizontal stripes: what clothes look like without any learning.
///
/// The picture is cut into stripes of equal height from top to bottom; each pixel is counted by
/// hue, saturation and value in the bins of its stripe. Each stripe's counts become shares, their
/// square roots are taken (so that the cosine of two features is the mean Bhattacharyya coefficient
/// of their stripes), and the whole has unit length.
///
/// **Shape**: `[stripes, hue, saturation, value]` flattened.
public struct ColorHistogram: ImageFeature {
  /// Name on the command line and in reports.
  public let name = "histogram"
  /// Stripes from top to bottom.
  public let stripes: Int
  /// Bins of the hue circle.
  public let hueBins: Int
  /// Bins of the saturation 0…1.
  public let saturationBins: Int
  /// Bins of the value 0…1.
  public let valueBins: Int

  /// Sets the number of stripes and bins.
  public init(stripes: Int = 6, hueBins: Int = 8, saturationBins: Int = 4, valueBins: Int = 4) {
    precondition(
      stripes > 0 && hueBins > 0 && saturationBins > 0 && valueBins > 0,
      "ColorHistogram: stripes and bins must be positive")
    self.stripes = stripes
    self.hueBins = hueBins
    self.saturationBins = saturationBins
    self.valueBins = valueBins
  }

  /// Number of values.
  public var width: Int { stripes * hueBins * saturationBins * valueBins }

  /// Describes a picture of any size.
  public func features(of image: Image) -> [Float] {
    let stripeBins = hueBins * saturationBins * valueBins
    var counts = [Int32](repeating: 0, count: width)
    counts.withUnsafeMutableBufferPointer { counts in
      image.pixels.withUnsafeBufferPointer { pixels in
        for y in 0..<image.height {
          let start = min(stripes - 1, y * stripes / image.height) * stripeBins
          for x in 0..<image.width {
            let place = (y * image.width + x) * 3
            counts[start + bin(pixels[place], pixels[place + 1], pixels[place + 2])] += 1
          }
        }
      }
    }
    var features = counts.map { Float($0) }
    for stripe in 0..<stripes {
      let range = (stripe * stripeBins)..<((stripe + 1) * stripeBins)
      // A picture lower than the number of stripes leaves some of them empty.
      let total = max(features[range].reduce(0, +), 1)
      for index in range { features[index] = (features[index] / total).squareRoot() }
    }
    let length = features.reduce(0) { $0 + $1 * $1 }.squareRoot()
    return features.map { $0 / length }
  }

  /// The bin of a colour within a stripe.
  private func bin(_ red: UInt8, _ green: UInt8, _ blue: UInt8) -> Int {
    let r = Int(red)
    let g = Int(green)
    let b = Int(blue)
    let largest = max(r, g, b)
    let range = largest - min(r, g, b)
    let value = min(valueBins - 1, largest * valueBins / 256)
    guard range > 0 else { return value }
    let saturation = min(saturationBins - 1, range * saturationBins / largest)
    // Sixths of the hue circle, starting at red, in units of 1 / range.
    let sixths: Int
    if largest == r {
      sixths = g >= b ? g - b : 6 * range + g - b
    } else if largest == g {
      sixths = 2 * range + b - r
    } else {
      sixths = 4 * range + r - g
    }
    let hue = min(hueBins - 1, sixths * hueBins / (6 * range))
    return (hue * saturationBins + saturation) * valueBins + value
  }
}
