public import Gradients
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Cross-entropy over scaled cosines in which the true class must win by a margin.
///
/// For a cosine `c` (clamped to ±1), scale `s` and true class `y`:
/// - `cosine`: true class `s (c − m)`, others `s c`;
/// - `angle`: true class `s cos(θ + m)`;
/// - `adaptive`: true class `s (cos(clip(θ + g, ε, π − ε)) − h)` with `g = −m ẑ`, `h = m + m ẑ` and the
///   quality `ẑ` of each picture in −1…1;
/// - `circle`: true class `s max(0, 1 + m − c)(c − 1 + m)`, others `s max(0, c + m)(c − m)`, the first
///   factor a constant in the gradient.
///
/// **Source**: CosFace, 2018, arXiv 1801.09414; ArcFace, 2019, arXiv 1801.07698; M. Kim, A. Jain,
/// X. Liu, "AdaFace", 2022, arXiv 2204.00964; Circle Loss, 2020, arXiv 2002.10857.
public struct MarginSoftmax: Sendable, Hashable {
  /// Where the margin acts.
  public enum Margin: Sendable, Hashable {
    /// Subtracted from the true class's cosine; CosFace.
    case cosine(Float)
    /// Added to the true class's angle, in radians; ArcFace.
    case angle(Float)
    /// Split between angle and cosine by each picture's quality; AdaFace.
    case adaptive(Float)
    /// Self-paced relaxation; circle loss with class weights.
    case circle(Float)
    /// None: the plain softmax over scaled cosines.
    case none
  }

  /// How the true class's cosine enters the gradient where the margin bends it.
  public enum MarginGradient: String, Sendable, Hashable, CaseIterable {
    /// Slope 1, as widely used code does it by changing the score outside the graph.
    case straightThrough
    /// The true derivative, which grows without bound towards angle 0.
    case exact
  }

  /// Where the margin acts.
  public var margin: Margin
  /// Scale of the cosines.
  public var scale: Float
  /// How the gradient passes the margin.
  public var marginGradient: MarginGradient

  /// Makes the loss; 64 is the scale of the face-recognition papers.
  public init(
    _ margin: Margin, scale: Float = 64, marginGradient: MarginGradient = .straightThrough
  ) {
    self.margin = margin
    self.scale = scale
    self.marginGradient = marginGradient
  }

  /// Mean cross-entropy of the changed scores.
  ///
  /// **Shape**: cosines `[batch, classes]` with one class per row → scalar. `qualities` holds `ẑ` per
  /// row, −1…1, for the adaptive margin only. `smoothing` spreads that share of the target evenly.
  public func callAsFunction(
    _ cosines: Variable, classes: [Int], qualities: [Float]? = nil, smoothing: Float = 0
  ) -> Variable {
    let (rows, columns) = (cosines.value.rows, cosines.value.columns)
    precondition(
      classes.count == rows && classes.allSatisfy { (0..<columns).contains($0) },
      "MarginSoftmax: \(classes.count) classes below \(columns) for cosines \(cosines.shape)")
    if case .adaptive = margin {
      precondition(
        qualities?.count == rows,
        "MarginSoftmax: the adaptive margin needs \(rows) qualities, not \(qualities?.count ?? 0)")
    }
    var loss = 0.0
    let gradient = Tensor(shape: cosines.shape) { target in
      cosines.value.withPointer { values in
        var logits = [Double](repeating: 0, count: columns)
        var slopes = logits
        for row in 0..<rows {
          for column in 0..<columns {
            (logits[column], slopes[column]) = score(
              Double(values[row * columns + column]), isTrue: column == classes[row],
              quality: Double(qualities?[row] ?? 0))
          }
          let largest = logits.max() ?? 0
          let total = largest + log(logits.reduce(0) { $0 + exp($1 - largest) })
          let even = Double(smoothing) / Double(columns)
          for column in 0..<columns {
            let wanted = even + (column == classes[row] ? 1 - Double(smoothing) : 0)
            let logProbability = logits[column] - total
            if wanted > 0 { loss -= wanted * logProbability }
            target[row * columns + column] = Float(
              (exp(logProbability) - wanted) * slopes[column] / Double(rows))
          }
        }
      }
    }
    return cosines.scalar(Float(loss / Double(max(rows, 1))), withGradient: gradient)
  }

  /// The changed score of a class and its slope in the cosine.
  func score(_ value: Double, isTrue: Bool, quality: Double) -> (logit: Double, slope: Double) {
    let cosine = min(max(value, -1), 1)
    let s = Double(scale)
    if case .circle(let margin) = margin {
      let m = Double(margin)
      let slope = isTrue ? s * max(0, 1 + m - cosine) : s * max(0, cosine + m)
      return (slope * (cosine - (isTrue ? 1 - m : m)), slope)
    }
    guard isTrue else { return (s * cosine, s) }
    switch margin {
    case .none, .circle: return (s * cosine, s)
    case .cosine(let margin): return (s * (cosine - Double(margin)), s)
    case .angle(let margin):
      return turned(cosine, by: Double(margin), lowering: 0, limit: 0)
    case .adaptive(let margin):
      let (m, z) = (Double(margin), quality)
      return turned(cosine, by: -m * z, lowering: m + m * z, limit: 1e-3)
    }
  }

  /// `s (cos(clip(θ + turn)) − lowering)` and its slope.
  private func turned(
    _ cosine: Double, by turn: Double, lowering: Double, limit: Double
  ) -> (logit: Double, slope: Double) {
    let s = Double(scale)
    let angle = acos(cosine)
    let sum = angle + turn
    let kept = limit > 0 ? min(max(sum, limit), Double.pi - limit) : sum
    let logit = s * (cos(kept) - lowering)
    guard marginGradient == .exact else { return (logit, s) }
    // d cos(θ + t)/d cos θ = sin(θ + t)/sin θ; where the angle was clipped nothing moves.
    guard kept == sum else { return (logit, 0) }
    return (logit, s * sin(sum) / max(sin(angle), 1e-6))
  }
}
