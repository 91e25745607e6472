import CRaster

/// A point or direction in metres (x right, y up, z away from the camera), or a colour 0…1.
typealias Vector = SIMD3<Float>

extension SIMD3<Float> {
  /// Sum of the products of the components.
  func dot(_ other: Vector) -> Float {
    (self * other).sum()
  }

  /// The vector at right angles to both.
  func cross(_ other: Vector) -> Vector {
    Vector(
      y * other.z - z * other.y, z * other.x - x * other.z, x * other.y - y * other.x)
  }

  /// Euclidean length.
  var length: Float { dot(self).squareRoot() }

  /// The same direction with length 1; zero stays zero.
  var normalized: Vector { length > 0 ? self / length : self }

  /// The vector turned about the upright axis, z towards x.
  func turned(_ angle: Turn) -> Vector {
    Vector(x * angle.cosine + z * angle.sine, y, z * angle.cosine - x * angle.sine)
  }

  /// The value as the rasteriser takes it.
  var raster: raster_vector { raster_vector(x: x, y: y, z: z) }

  /// The point a share of the way to another one.
  func mixed(with other: Vector, _ share: Float) -> Vector {
    self + (other - self) * share
  }
}
