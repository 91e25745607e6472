import Metrics

/// The words of `--pooling`: how the vectors of several pictures become one.
enum FacePoolingName: String, CaseIterable {
  /// Pictures count by the length of their vectors.
  case sum
  /// All pictures count alike.
  case mean
  /// Pictures count by the square of the length of their vectors.
  case squared

  /// The rule that is meant.
  var pooling: TemplatePooling {
    switch self {
    case .sum: .sum
    case .mean: .meanOfUnits
    case .squared: .squaredLength
    }
  }
}
