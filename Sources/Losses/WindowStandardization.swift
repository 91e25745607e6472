public import Tensors

/// Mean and deviation of a square window around every pixel and channel, and pictures measured by them.
///
/// Over the pixels of the window that lie in the picture, n of them: `μ`, and
/// `σ = √(max((E[x²] − μ²) · n / (n − 1), 0) + 1e-6)`. The standardised picture is `(x − μ) / σ`: what is
/// left is shape, without the brightness of the neighbourhood.
///
/// **Shape**: pictures `[batch, height, width, channels]`; results of the same shape.
/// **Source**: the reconstruction target of the SimMIM release for Swin V2 (sides of 47 pixels).
public struct WindowStandardization: Sendable {
  /// Side of the window in pixels as published.
  public static let publishedSide = 47

  private let mean: Tensor
  private let deviation: Tensor

  /// Measures pictures; `side` must be odd.
  public init(of images: Tensor, side: Int = publishedSide) {
    precondition(
      images.rank == 4 && side > 0 && side % 2 == 1,
      "WindowStandardization: windows of \(side) pixels on \(images.shape)")
    let (height, width, channels) = (images.shape[1], images.shape[2], images.shape[3])
    precondition(
      height * width > 1, "WindowStandardization: pictures \(images.shape) of a single pixel")
    var mean = Tensor(uninitialized: images.shape)
    var deviation = Tensor(uninitialized: images.shape)
    mean.withMutablePointer { means in
      deviation.withMutablePointer { deviations in
        images.withPointer { values in
          for image in 0..<images.shape[0] {
            for channel in 0..<channels {
              let offset = image * height * width * channels + channel
              let plane = SummedPlane(
                values + offset, height: height, width: width, stride: channels)
              plane.measure(
                half: side / 2, mean: means + offset, deviation: deviations + offset)
            }
          }
        }
      }
    }
    self.mean = mean
    self.deviation = deviation
  }

  /// `(x − μ) / σ`, element by element.
  public func standardized(_ images: Tensor) -> Tensor {
    combined(images) { ($0 - $1) / $2 }
  }

  /// The inverse of ``standardized(_:)``: `x · σ + μ`.
  public func restored(_ images: Tensor) -> Tensor {
    combined(images) { $0 * $2 + $1 }
  }

  private func combined(
    _ images: Tensor, _ rule: (Float, Float, Float) -> Float
  ) -> Tensor {
    precondition(
      images.shape == mean.shape,
      "WindowStandardization: pictures \(images.shape), measured \(mean.shape)")
    return Tensor(shape: images.shape) { target in
      images.withPointer { values in
        mean.withPointer { means in
          deviation.withPointer { deviations in
            for index in 0..<images.count {
              target[index] = rule(values[index], means[index], deviations[index])
            }
          }
        }
      }
    }
  }
}

/// Sums of a plane and of its squares over all rectangles from its corner, so that any window costs four
/// look-ups.
private struct SummedPlane {
  private let height: Int
  private let width: Int
  private let stride: Int
  private var sums: [Double]
  private var squares: [Double]

  /// Reads every `stride`-th value.
  init(_ values: UnsafePointer<Float>, height: Int, width: Int, stride: Int) {
    (self.height, self.width, self.stride) = (height, width, stride)
    let line = width + 1
    var sums = [Double](repeating: 0, count: (height + 1) * line)
    var squares = sums
    sums.withUnsafeMutableBufferPointer { sums in
      squares.withUnsafeMutableBufferPointer { squares in
        for row in 0..<height {
          var (sum, square) = (0.0, 0.0)
          for column in 0..<width {
            let value = Double(values[(row * width + column) * stride])
            sum += value
            square += value * value
            let place = (row + 1) * line + column + 1
            sums[place] = sums[place - line] + sum
            squares[place] = squares[place - line] + square
          }
        }
      }
    }
    self.sums = sums
    self.squares = squares
  }

  /// Writes mean and deviation of the window of every pixel.
  func measure(
    half: Int, mean: UnsafeMutablePointer<Float>, deviation: UnsafeMutablePointer<Float>
  ) {
    let line = width + 1
    sums.withUnsafeBufferPointer { sums in
      squares.withUnsafeBufferPointer { squares in
        for row in 0..<height {
          let (top, bottom) = (max(row - half, 0) * line, min(row + half + 1, height) * line)
          let rows = Double((bottom - top) / line)
          for column in 0..<width {
            let (left, right) = (max(column - half, 0), min(column + half + 1, width))
            let count = rows * Double(right - left)
            func total(_ table: UnsafeBufferPointer<Double>) -> Double {
              table[bottom + right] - table[top + right] - table[bottom + left]
                + table[top + left]
            }
            let average = total(sums) / count
            // A window of one pixel has no spread.
            let correction = count / max(count - 1, 1)
            let variance = max((total(squares) / count - average * average) * correction, 0)
            let place = (row * width + column) * stride
            mean[place] = Float(average)
            deviation[place] = Float((variance + 1e-6).squareRoot())
          }
        }
      }
    }
  }
}
