public import Images

/// The strength of edges: `q = d / (d + half)` with d the standard deviation of the Laplacian of the luma,
/// in 8-bit levels.
///
/// It needs no training and tells blurred or enlarged pictures from sharp ones; noise counts as edges, so
/// it does not tell noisy pictures. The luma is BT.601's, the Laplacian the four neighbours less four
/// times the pixel, over all pixels that have four neighbours.
/// **Source**: J. Pech-Pacheco et al., "Diatom autofocusing in brightfield microscopy", 2000, for the
/// variance of the Laplacian; the scale is a choice of this tool-kit. The classical measure that the
/// released code of PETALface offers, BRISQUE, rests on fitted numbers that cannot be shipped.
public struct Sharpness: QualityMetric, Sendable, Hashable {
  /// The deviation of quality 0.5, in 8-bit levels.
  public var half: Float

  /// Makes a measure.
  public init(half: Float = 16) {
    precondition(half > 0, "Sharpness: half is \(half)")
    self.half = half
  }

  /// Name in files.
  public static let name = "sharpness"

  /// Name in files.
  public var name: String { Self.name }

  /// Measures each picture by itself; one too small for a Laplacian has the quality 0.
  public func quality(of pictures: [Image]) -> [Float] {
    pictures.map { picture in
      let deviation = Self.deviation(of: picture)
      return deviation / (deviation + half)
    }
  }

  private static func deviation(of picture: Image) -> Float {
    let (width, height) = (picture.width, picture.height)
    guard width >= 3, height >= 3 else { return 0 }
    var luma = [Float](repeating: 0, count: width * height)
    picture.pixels.withUnsafeBufferPointer { pixels in
      for index in luma.indices {
        luma[index] =
          0.299 * Float(pixels[3 * index]) + 0.587 * Float(pixels[3 * index + 1])
          + 0.114 * Float(pixels[3 * index + 2])
      }
    }
    var (sum, squares) = (0.0, 0.0)
    luma.withUnsafeBufferPointer { y in
      for row in 1..<height - 1 {
        for column in 1..<width - 1 {
          let place = row * width + column
          let value = Double(
            y[place - 1] + y[place + 1] + y[place - width] + y[place + width] - 4 * y[place])
          sum += value
          squares += value * value
        }
      }
    }
    let count = Double((width - 2) * (height - 2))
    let mean = sum / count
    return Float(max(squares / count - mean * mean, 0).squareRoot())
  }
}
