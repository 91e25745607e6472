public import Images

/// Mean and deviation of the colours one camera gives, per channel, values 0…1.
public struct CameraStyle: Sendable, Hashable, Codable {
  /// Per-channel mean.
  public var mean: [Float]
  /// Per-channel standard deviation.
  public var deviation: [Float]

  /// Makes a style.
  public init(mean: [Float], deviation: [Float]) {
    self.mean = mean
    self.deviation = deviation
  }

  /// Measures pictures of one camera.
  public init(of images: [Image]) {
    var sum = [Double](repeating: 0, count: 3)
    var squares = sum
    var count = 0.0
    for image in images {
      for pixel in stride(from: 0, to: image.pixels.count, by: 3) {
        for channel in 0..<3 {
          let value = Double(image.pixels[pixel + channel]) / 255
          sum[channel] += value
          squares[channel] += value * value
        }
      }
      count += Double(image.width * image.height)
    }
    let share = 1 / max(count, 1)
    mean = sum.map { Float($0 * share) }
    deviation = (0..<3).map { channel in
      let mean = sum[channel] * share
      return Float(max(squares[channel] * share - mean * mean, 1e-6).squareRoot())
    }
  }
}
