/// A turn, a scale and a shift of the plane: `(x, y) → (a x − b y + tx, b x + a y + ty)`.
public struct SimilarityTransform: Sendable, Hashable {
  /// Scale times the cosine of the angle.
  public var a: Double
  /// Scale times the sine of the angle.
  public var b: Double
  /// The shift, in pixels.
  public var shift: SIMD2<Double>

  /// Makes a transform from its numbers.
  public init(a: Double, b: Double, shift: SIMD2<Double>) {
    self.a = a
    self.b = b
    self.shift = shift
  }

  /// The transform that brings points nearest to others in the sum of squares; nil where the points,
  /// or the targets, fall together.
  ///
  /// With both sets centred, `a = Σ p·t / Σ|p|²` and `b = Σ (pₓ t_y − p_y tₓ) / Σ|p|²`; reflections are
  /// not allowed.
  /// **Source**: S. Umeyama, "Least-squares estimation of transformation parameters between two point
  /// patterns", 1991, which this form equals in the plane.
  public init?(from points: [SIMD2<Double>], to targets: [SIMD2<Double>]) {
    precondition(
      points.count == targets.count && points.count > 1,
      "SimilarityTransform: \(points.count) points to \(targets.count) targets")
    let count = Double(points.count)
    let centre = points.reduce(SIMD2(0, 0), +) / count
    let goal = targets.reduce(SIMD2(0, 0), +) / count
    var (spread, along, across) = (0.0, 0.0, 0.0)
    for (point, target) in zip(points, targets) {
      let (p, t) = (point - centre, target - goal)
      spread += p.x * p.x + p.y * p.y
      along += p.x * t.x + p.y * t.y
      across += p.x * t.y - p.y * t.x
    }
    guard spread > 1e-9, along.isFinite, across.isFinite else { return nil }
    a = along / spread
    b = across / spread
    guard a * a + b * b > 1e-12 else { return nil }
    shift = SIMD2(goal.x - (a * centre.x - b * centre.y), goal.y - (b * centre.x + a * centre.y))
  }

  /// Where a point goes.
  public func applied(to point: SIMD2<Double>) -> SIMD2<Double> {
    SIMD2(a * point.x - b * point.y + shift.x, b * point.x + a * point.y + shift.y)
  }

  /// The transform back.
  public var inverse: SimilarityTransform {
    let square = a * a + b * b
    let back = SimilarityTransform(a: a / square, b: -b / square, shift: SIMD2(0, 0))
    return SimilarityTransform(a: back.a, b: back.b, shift: -back.applied(to: shift))
  }
}
