#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Each picture's quality by the length of its feature vector, against running statistics.
///
/// `ẑ = clip(h (n − μ) / (σ + 1e-3), −1, 1)` with lengths `n` clipped to 1e-3…100; μ and σ are moving
/// averages of the batch's mean and unbiased deviation, moved before they are used. No gradient flows.
/// **Source**: M. Kim, A. Jain, X. Liu, "AdaFace", 2022, arXiv 2204.00964, and its code.
public struct FeatureNormQuality: Sendable, Hashable, Codable {
  /// Running mean of the lengths.
  public var mean: Float
  /// Running deviation of the lengths.
  public var deviation: Float
  /// Share of a new batch in the running values, 0…1.
  public var momentum: Float
  /// Concentration h.
  public var concentration: Float

  /// Starts from the values of the released code; a warm start is 22.1 and 3.86.
  public init(
    mean: Float = 20, deviation: Float = 100, momentum: Float = 0.01, concentration: Float = 0.333
  ) {
    self.mean = mean
    self.deviation = deviation
    self.momentum = momentum
    self.concentration = concentration
  }

  /// Moves the running values by a batch of lengths and returns its qualities, −1…1.
  public mutating func update(with lengths: [Float]) -> [Float] {
    let clipped = lengths.map { min(max($0, 1e-3), 100) }
    let count = Float(clipped.count)
    if clipped.count > 1 {
      let average = clipped.reduce(0, +) / count
      let variance = clipped.reduce(0) { $0 + ($1 - average) * ($1 - average) } / (count - 1)
      mean = momentum * average + (1 - momentum) * mean
      deviation = momentum * variance.squareRoot() + (1 - momentum) * deviation
    }
    return clipped.map {
      min(max(concentration * ($0 - mean) / (deviation + 1e-3), -1), 1)
    }
  }
}
