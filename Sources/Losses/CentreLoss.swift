public import Gradients
import Tensors

/// The mean squared distance of each picture's features from its person's centre.
///
/// `1/B Σ ‖x_i − c_{y_i}‖²`; the centres are learned with everything else.
/// **Source**: Y. Wen et al., "A Discriminative Feature Learning Approach for Deep Face Recognition",
/// ECCV 2016, in the form of the reid-strong-baseline code (no factor ½).
public struct CentreLoss: Sendable, Hashable {
  /// Makes the loss.
  public init() {}

  /// Compares features with centres.
  ///
  /// **Shape**: features `[batch, width]`, centres `[classes, width]`, one class per row → scalar.
  public func callAsFunction(_ features: Variable, centres: Variable, classes: [Int]) -> Variable {
    precondition(
      classes.count == features.value.rows && centres.value.columns == features.value.columns,
      "CentreLoss: \(classes.count) classes, features \(features.shape), centres \(centres.shape)")
    let difference = features - centres.gathered(classes)
    return (difference * difference).summed() * (1 / Float(max(classes.count, 1)))
  }
}
