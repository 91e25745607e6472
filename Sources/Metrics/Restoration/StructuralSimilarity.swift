public import Images

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Structural similarity of two 8-bit pictures, −1…1, in the forms that papers and tools mean by it.
///
/// `(2 μx μy + C1)(2 σxy + C2) / ((μx² + μy² + C1)(σx² + σy² + C2))` with C1 = (0.01 · 255)² and
/// C2 = (0.03 · 255)², averaged over the map. The forms give different numbers; never mix them.
/// **Source**: Z. Wang et al., "Image Quality Assessment: From Error Visibility to Structural
/// Similarity", 2004; the forms by the code of BasicSR, MATLAB and scikit-image.
public enum StructuralSimilarity: String, Sendable, Hashable, Codable, CaseIterable {
  /// 11×11 Gaussian of σ 1.5, inside the picture only, channel by channel: the author's and BasicSR's.
  case gaussian2D = "ssim2d"
  /// 11×11×11 Gaussian that also runs across the channels, edges repeated: MATLAB's on colour pictures.
  case gaussian3D = "ssim3d"
  /// 7×7 mean with sample covariances, inside the picture only: scikit-image's default.
  case uniform = "ssimUniform"

  /// Compares two pictures; `gaussian3D` is for three channels.
  public func callAsFunction(
    _ picture: Image, _ truth: Image, channels: ColourChannels = .rgb, border: Int = 0
  ) -> Double {
    precondition(
      picture.width == truth.width && picture.height == truth.height,
      "StructuralSimilarity: \(picture.width)x\(picture.height) against "
        + "\(truth.width)x\(truth.height)")
    let first = channels.planes(of: picture, border: border)
    let second = channels.planes(of: truth, border: border)
    let taps = Self.taps(self)
    let isInside = self != .gaussian3D
    guard !isInside || (first.width >= taps.count && first.height >= taps.count) else {
      preconditionFailure(
        "StructuralSimilarity: \(first.width)x\(first.height) is below a window of \(taps.count)")
    }
    // Moments of both pictures, of their squares and of their product.
    func moments(_ x: [[Double]], _ y: [[Double]]) -> [[Double]] {
      let products = zip(x, y).map { zip($0, $1).map { $0 * $1 } }
      let planes = products.map {
        isInside
          ? Self.filtered($0, width: first.width, height: first.height, taps: taps)
          : Self.filteredRepeatingEdges($0, width: first.width, height: first.height, taps: taps)
      }
      return isInside ? planes : Self.filteredAcross(planes, taps: taps)
    }
    let ones = first.values.map { [Double](repeating: 1, count: $0.count) }
    let (a, b) = (first.values, second.values)
    let (meanA, meanB) = (moments(a, ones), moments(b, ones))
    let (squareA, squareB, product) = (moments(a, a), moments(b, b), moments(a, b))
    let sample = self == .uniform ? 49.0 / 48.0 : 1
    let (c1, c2) = (2.55 * 2.55, 7.65 * 7.65)
    var total = 0.0
    for channel in a.indices {
      var sum = 0.0
      for place in meanA[channel].indices {
        let (x, y) = (meanA[channel][place], meanB[channel][place])
        let varianceA = sample * (squareA[channel][place] - x * x)
        let varianceB = sample * (squareB[channel][place] - y * y)
        let covariance = sample * (product[channel][place] - x * y)
        sum +=
          (2 * x * y + c1) * (2 * covariance + c2)
          / ((x * x + y * y + c1) * (varianceA + varianceB + c2))
      }
      total += sum / Double(max(meanA[channel].count, 1))
    }
    return total / Double(a.count)
  }

  /// Weights of the window along one axis, summing to 1.
  private static func taps(_ form: StructuralSimilarity) -> [Double] {
    if form == .uniform { return [Double](repeating: 1.0 / 7, count: 7) }
    let raw = (-5...5).map { exp(-Double($0 * $0) / (2 * 1.5 * 1.5)) }
    let sum = raw.reduce(0, +)
    return raw.map { $0 / sum }
  }

  /// Filters along both axes where the window lies inside.
  private static func filtered(
    _ plane: [Double], width: Int, height: Int, taps: [Double]
  ) -> [Double] {
    let (outWidth, outHeight) = (width - taps.count + 1, height - taps.count + 1)
    var rows = [Double](repeating: 0, count: outWidth * height)
    var result = [Double](repeating: 0, count: outWidth * outHeight)
    plane.withUnsafeBufferPointer { plane in
      taps.withUnsafeBufferPointer { taps in
        rows.withUnsafeMutableBufferPointer { rows in
          for y in 0..<height {
            for x in 0..<outWidth {
              var sum = 0.0
              for tap in 0..<taps.count { sum += taps[tap] * plane[y * width + x + tap] }
              rows[y * outWidth + x] = sum
            }
          }
          result.withUnsafeMutableBufferPointer { result in
            for y in 0..<outHeight {
              for x in 0..<outWidth {
                var sum = 0.0
                for tap in 0..<taps.count { sum += taps[tap] * rows[(y + tap) * outWidth + x] }
                result[y * outWidth + x] = sum
              }
            }
          }
        }
      }
    }
    return result
  }

  /// Filters along both axes with the edge pixels repeated outwards, to the same size.
  private static func filteredRepeatingEdges(
    _ plane: [Double], width: Int, height: Int, taps: [Double]
  ) -> [Double] {
    let reach = taps.count / 2
    let (wide, high) = (width + 2 * reach, height + 2 * reach)
    var padded = [Double](repeating: 0, count: wide * high)
    for y in 0..<high {
      let row = min(max(y - reach, 0), height - 1)
      for x in 0..<wide {
        padded[y * wide + x] = plane[row * width + min(max(x - reach, 0), width - 1)]
      }
    }
    return filtered(padded, width: wide, height: high, taps: taps)
  }

  /// Filters across the channels, the outer ones repeated outwards.
  private static func filteredAcross(_ planes: [[Double]], taps: [Double]) -> [[Double]] {
    let reach = taps.count / 2
    return planes.indices.map { channel in
      var result = [Double](repeating: 0, count: planes[channel].count)
      for tap in taps.indices {
        let source = min(max(channel + tap - reach, 0), planes.count - 1)
        for place in result.indices { result[place] += taps[tap] * planes[source][place] }
      }
      return result
    }
  }
}
