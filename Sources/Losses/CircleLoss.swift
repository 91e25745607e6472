public import Gradients
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Compares all pairs of a batch, each weighed by how far its cosine is from where it should be.
///
/// With cosines s, per anchor over its positives P and negatives N:
/// `softplus(lse_{n∈N} γ αn (s_n − m) + lse_{p∈P} −γ αp (s_p − 1 + m))`, where
/// `αp = max(0, 1 + m − s_p)` and `αn = max(0, s_n + m)` are constants in the gradient; then the mean
/// over anchors. An anchor without a positive or without a negative adds nothing.
/// **Source**: Y. Sun et al., "Circle Loss: A Unified Perspective of Pair Similarity Optimization",
/// 2020, arXiv 2002.10857, equations 4–8, with the values of its re-identification experiments.
public struct CircleLoss: Sendable, Hashable {
  /// Relaxation m of both wanted cosines, 0…1.
  public var margin: Float
  /// Scale γ.
  public var scale: Float

  /// Makes the loss.
  public init(margin: Float = 0.25, scale: Float = 128) {
    self.margin = margin
    self.scale = scale
  }

  /// Compares the pictures of a batch.
  ///
  /// **Shape**: `[batch, width]`, of any length, with one person per row → scalar.
  public func callAsFunction(_ features: Variable, persons: [Int]) -> Variable {
    let rows = features.value.rows
    precondition(
      persons.count == rows && features.shape.count == 2,
      "CircleLoss: \(persons.count) persons for features \(features.shape)")
    let unit = features.l2Normalized()
    let cosines = unit.multiplied(by: unit, transposingOther: true)
    let values = cosines.value.values
    var gradient = [Float](repeating: 0, count: rows * rows)
    var loss = 0.0
    let (m, gamma) = (Double(margin), Double(scale))
    for anchor in 0..<rows {
      var positives: [(place: Int, logit: Double, slope: Double)] = []
      var negatives: [(place: Int, logit: Double, slope: Double)] = []
      for other in 0..<rows where other != anchor {
        let place = anchor * rows + other
        let cosine = Double(values[place])
        if persons[other] == persons[anchor] {
          let slope = -gamma * max(0, 1 + m - cosine)
          positives.append((place, slope * (cosine - 1 + m), slope))
        } else {
          let slope = gamma * max(0, cosine + m)
          negatives.append((place, slope * (cosine - m), slope))
        }
      }
      guard !positives.isEmpty, !negatives.isEmpty else { continue }
      let (first, second) = (logSumExp(positives.map(\.logit)), logSumExp(negatives.map(\.logit)))
      let sum = first + second
      loss += max(sum, 0) + log1p(exp(-abs(sum)))
      let outer = 1 / (1 + exp(-sum)) / Double(rows)
      for (entries, total) in [(positives, first), (negatives, second)] {
        for entry in entries {
          gradient[entry.place] += Float(outer * exp(entry.logit - total) * entry.slope)
        }
      }
    }
    return cosines.scalar(
      Float(loss / Double(max(rows, 1))), withGradient: Tensor(gradient, shape: [rows, rows]))
  }
}

/// log Σ exp without overflow.
private func logSumExp(_ values: [Double]) -> Double {
  let largest = values.max() ?? 0
  return largest + log(values.reduce(0) { $0 + exp($1 - largest) })
}
