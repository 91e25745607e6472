/// How the vectors of a picture and of its mirror image become one.
public enum FeatureFusion: String, Sendable, Codable, CaseIterable {
  /// `f + g`, lengths kept: the longer vector counts more; usual in face verification.
  case sum
  /// `f/|f| + g/|g|`.
  case sumOfUnits
  /// The picture alone.
  case none

  /// Fuses rows of vectors in place; lengths of the result are those of the rule.
  public func fuse(_ features: inout [Float], mirrored: [Float], width: Int) {
    guard self != .none else { return }
    precondition(
      features.count == mirrored.count && width > 0 && features.count % width == 0,
      "FeatureFusion: \(features.count) and \(mirrored.count) values of width \(width)")
    for row in 0..<(features.count / width) {
      let range = (row * width)..<((row + 1) * width)
      let scale = self == .sumOfUnits ? inverseLength(features[range]) : 1
      let mirrorScale = self == .sumOfUnits ? inverseLength(mirrored[range]) : 1
      for place in range {
        features[place] = features[place] * scale + mirrored[place] * mirrorScale
      }
    }
  }
}

/// One divided by the Euclidean length of a vector, which counts as at least 1e-12.
func inverseLength(_ vector: ArraySlice<Float>) -> Float {
  let square = vector.reduce(0.0) { $0 + Double($1) * Double($1) }
  return Float(1 / max(square.squareRoot(), 1e-12))
}
