import Foundation

/// An angle with its sine and cosine, for turning many points.
struct Turn {
  /// Sine of the angle.
  let sine: Float
  /// Cosine of the angle.
  let cosine: Float

  /// A turn by an angle in radians.
  init(_ angle: Float) {
    sine = sin(angle)
    cosine = cos(angle)
  }
}
