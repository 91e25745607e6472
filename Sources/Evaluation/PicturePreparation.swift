import Backbones
import Images
import Pretraining
import Tensors

/// How a picture is made ready for a network: the whole of it is squashed to the network's size.
struct PicturePreparation: Sendable {
  /// Picture size of the network.
  var extent: Extent
  /// Normalisation of the network.
  var preprocessing: Preprocessing

  /// One picture as a batch of one: `[1, height, width, 3]`.
  func tensor(_ image: Image, isMirrored: Bool = false) -> Tensor {
    var change = PictureChange(keeping: image)
    change.flips = isMirrored
    return PictureBatch.tensor(
      [image], changes: [change], extent: extent, preprocessing: preprocessing)
  }
}
