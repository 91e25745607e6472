public import Gradients
public import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// How far a restored picture is from the truth.
///
/// - `absolute`: mean |x − t|;
/// - `charbonnier`: mean √((x − t)² + ε);
/// - `peakSignal`: `10/ln 10 · mean over pictures of ln(mean (x − t)² + 1e-8)`, the negative of PSNR for
///   values 0…1.
///
/// **Source**: the losses of NAFNet's and BasicSR's code; L. Chen et al., "Simple Baselines for Image
/// Restoration", 2022, arXiv 2204.04676.
public enum RestorationLoss: String, Sendable, Hashable, CaseIterable, Codable {
  /// Mean absolute error.
  case absolute
  /// A smooth absolute error, ε = 1e-12.
  case charbonnier
  /// Negative PSNR in dB.
  case peakSignal

  /// Compares pictures.
  ///
  /// **Shape**: prediction and target `[batch, height, width, channels]` → scalar.
  public func callAsFunction(_ prediction: Variable, target: Tensor) -> Variable {
    precondition(
      prediction.shape == target.shape && prediction.shape.count == 4,
      "RestorationLoss: \(prediction.shape) against \(target.shape)")
    switch self {
    case .absolute: return prediction.meanAbsoluteError(to: target)
    case .charbonnier: return pixelwise(prediction, target)
    case .peakSignal: return peakSignal(prediction, target)
    }
  }

  private func pixelwise(_ prediction: Variable, _ target: Tensor) -> Variable {
    let count = Double(target.count)
    var loss = 0.0
    let gradient = Tensor(shape: target.shape) { gradient in
      prediction.value.withPointer { x in
        target.withPointer { t in
          for index in 0..<target.count {
            let difference = Double(x[index] - t[index])
            let length = (difference * difference + 1e-12).squareRoot()
            loss += length
            gradient[index] = Float(difference / length / count)
          }
        }
      }
    }
    return prediction.scalar(Float(loss / count), withGradient: gradient)
  }

  private func peakSignal(_ prediction: Variable, _ target: Tensor) -> Variable {
    let pictures = target.shape[0]
    let size = target.count / max(pictures, 1)
    // 10 / ln 10 turns the natural logarithm into decibels.
    let decibel = 10 / 2.302585092994046
    var loss = 0.0
    let gradient = Tensor(shape: target.shape) { gradient in
      prediction.value.withPointer { x in
        target.withPointer { t in
          for picture in 0..<pictures {
            let range = (picture * size)..<((picture + 1) * size)
            var squares = 0.0
            for index in range {
              let difference = Double(x[index] - t[index])
              squares += difference * difference
            }
            let error = squares / Double(size) + 1e-8
            loss += decibel * log(error)
            let factor = decibel * 2 / (error * Double(size) * Double(pictures))
            for index in range { gradient[index] = Float(factor * Double(x[index] - t[index])) }
          }
        }
      }
    }
    return prediction.scalar(Float(loss / Double(pictures)), withGradient: gradient)
  }
}
