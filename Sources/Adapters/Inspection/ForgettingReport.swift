import Gradients
public import Tensors

/// How far an adapter moved the features of pictures it was not trained for.
///
/// Features are compared by cosine, picture by picture: 1 is as before. Where a score of the old domain
/// is known before and after, it tells more; this one needs no labels.
public struct ForgettingReport: Sendable, CustomStringConvertible {
  /// Cosine of each picture's features with and without the adapter, −1…1.
  public let cosines: [Float]

  /// Makes a report of two sets of features.
  ///
  /// **Shape**: both `[pictures, width]`.
  public init(base: Tensor, adapted: Tensor) {
    precondition(
      base.shape == adapted.shape && base.rank == 2,
      "ForgettingReport: features \(base.shape) and \(adapted.shape)")
    cosines =
      (Variable(base).l2Normalized() * Variable(adapted).l2Normalized())
      .summedAlongLastAxis().value.values
  }

  /// Mean cosine; 1 for no pictures.
  public var mean: Double {
    cosines.isEmpty ? 1 : cosines.reduce(0) { $0 + Double($1) } / Double(cosines.count)
  }

  /// The least cosine; 1 for no pictures.
  public var least: Double { Double(cosines.min() ?? 1) }

  /// One line for logs.
  public var description: String {
    func text(_ value: Double) -> String { "\((value * 1000).rounded() / 1000)" }
    return "features of \(cosines.count) old pictures: cosine \(text(mean)) to those of the base, "
      + "least \(text(least))"
  }
}
