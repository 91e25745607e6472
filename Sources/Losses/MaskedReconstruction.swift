public import Gradients
public import Tensors

/// The mean absolute error per masked pixel and channel.
///
/// `Σ |x − x̂| · M / (Σ M + 1e-5) / channels`, where `Σ M` counts pixels of the whole batch once.
/// **Source**: Z. Xie et al., "SimMIM", 2022, arXiv 2111.09886, section 3.
public struct MaskedReconstruction {
  /// Makes the loss.
  public init() {}

  /// Compares a reconstruction with the normalised picture where the mask is 1.
  ///
  /// **Shape**: prediction and target `[batch, height, width, channels]`, mask one value (0 or 1) per
  /// pixel → scalar.
  public func callAsFunction(_ prediction: Variable, target: Tensor, mask: Tensor) -> Variable {
    precondition(
      prediction.shape == target.shape && mask.count == target.rows,
      "MaskedReconstruction: \(prediction.shape), target \(target.shape), mask \(mask.shape)")
    let masked = mask.summed() + 1e-5
    return prediction.absoluteError(
      to: target, rowWeights: mask, scale: Float(1 / (masked * Double(target.columns))))
  }
}
