/// Five points of a face, in pixels of its picture: the eye on the left of the picture, the one on the
/// right, the tip of the nose, the left and the right corner of the mouth.
///
/// Whole numbers are centres of pixels.
public struct FaceLandmarks: Sendable, Hashable, Codable {
  /// The five points in this order, `(x, y)`.
  public let points: [SIMD2<Double>]

  /// Takes five points.
  public init(_ points: [SIMD2<Double>]) {
    precondition(points.count == 5, "FaceLandmarks: 5 points are needed, not \(points.count)")
    self.points = points
  }

  /// Takes the points of a list of coordinates `x1, y1, x2, y2, …`: 10 numbers for the five points
  /// themselves, 136 for the 68 points of the iBUG scheme.
  ///
  /// Of 68 points the eyes are the means of their corners (36 and 39, 42 and 45, counted from 0), the
  /// nose is 30, the corners of the mouth are 48 and 54. Any other count gives nil.
  public init?(coordinates: [Double]) {
    guard coordinates.count == 10 || coordinates.count == 136,
      coordinates.allSatisfy(\.isFinite)
    else { return nil }
    let all = (0..<(coordinates.count / 2)).map {
      SIMD2(coordinates[2 * $0], coordinates[2 * $0 + 1])
    }
    points =
      all.count == 5
      ? all : [(all[36] + all[39]) / 2, (all[42] + all[45]) / 2, all[30], all[48], all[54]]
  }

  /// Where the points of an upright face lie in an aligned picture of `size` × `size` pixels.
  ///
  /// The places are those of 112 × 112 pictures of face-recognition sets, scaled. For multiples of 128
  /// the 112 columns stand in the middle of 128, as in the released tools. They are not symmetric, so a
  /// mirrored face is aligned a little differently.
  public static func template(size: Int) -> FaceLandmarks {
    precondition(size > 0, "FaceLandmarks.template: a picture of \(size) pixels")
    let isWide = size % 112 != 0 && size % 128 == 0
    let scale = Double(size) / (isWide ? 128 : 112)
    return FaceLandmarks(template112.map { $0 * scale + SIMD2(isWide ? 8 * scale : 0, 0) })
  }

  private static let template112: [SIMD2<Double>] = [
    SIMD2(38.2946, 51.6963), SIMD2(73.5318, 51.5014), SIMD2(56.0252, 71.7366),
    SIMD2(41.5493, 92.3655), SIMD2(70.7299, 92.2041),
  ]
}
