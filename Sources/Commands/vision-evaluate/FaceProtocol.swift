import Metrics

/// The words of `--protocol` for faces: what is done with the mirror image.
enum FaceProtocol: String, CaseIterable {
  /// Features of picture and mirror image are added as they are.
  case insightface
  /// They are brought to length 1 first.
  case petalface
  /// The mirror image is not used.
  case noFlip = "no-flip"

  /// The rule that is meant.
  var fusion: FeatureFusion {
    switch self {
    case .insightface: .sum
    case .petalface: .sumOfUnits
    case .noFlip: .none
    }
  }
}
