public import Datasets
public import Images

/// How a face picture becomes what a network is shown: aligned by its five points where it has them, else
/// padded to a square; then at a common size.
///
/// Every score states it, since other preparations give other numbers.
public struct FacePreparation: Sendable, Hashable, Codable {
  /// Rows and columns of the prepared picture.
  public var size: Int

  /// Prepares pictures of `size` × `size`.
  public init(size: Int) {
    self.size = size
  }

  /// Prepares a decoded picture; without usable points it is not aligned.
  public func prepared(_ image: Image, landmarks: FaceLandmarks?) -> (image: Image, isAligned: Bool)
  {
    if let landmarks, let aligned = image.aligned(by: landmarks, size: size) {
      return (aligned, true)
    }
    return (image.paddedToSquare().resized(width: size, height: size), false)
  }

  /// Decodes and prepares a picture.
  public func image(_ picture: FacePicture) throws -> Image {
    prepared(try picture.image(), landmarks: picture.landmarks).image
  }

  /// In words, for captions.
  public var text: String {
    "faces aligned by five points where known, else padded to a square, at \(size)×\(size)"
  }
}
