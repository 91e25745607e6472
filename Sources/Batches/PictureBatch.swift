public import Backbones
import CKernels
public import Images
public import Tensors

/// What is done to one picture on its way into a batch: crop, mirror, colour, erase.
public struct PictureChange: Sendable, Hashable {
  /// Part of the picture that is kept, in pixels; may have fractions.
  public var crop: Rectangle
  /// Whether the result is mirrored.
  public var flips = false
  /// Per-channel factor of values 0…1.
  public var gain: [Float] = [1, 1, 1]
  /// Per-channel offset added after the factor; the result is cut to 0…1.
  public var offset: [Float] = [0, 0, 0]
  /// Exponent applied last; above 0.
  public var gamma: Float = 1
  /// 0 keeps the colour, 1 makes the picture grey.
  public var gray: Float = 0
  /// Erased part of the result in whole output pixels: left, top, width, height.
  public var erased: (left: Int, top: Int, width: Int, height: Int)?

  /// Keeps the whole picture as it is.
  public init(keeping image: Image) {
    crop = Rectangle(left: 0, top: 0, width: Double(image.width), height: Double(image.height))
  }

  /// Equal in every field.
  public static func == (left: PictureChange, right: PictureChange) -> Bool {
    left.crop == right.crop && left.flips == right.flips && left.gain == right.gain
      && left.offset == right.offset && left.gamma == right.gamma && left.gray == right.gray
      && left.erasedFields == right.erasedFields
  }

  /// Feeds every field to the hasher.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(crop)
    hasher.combine(flips)
    hasher.combine(gain)
    hasher.combine(offset)
    hasher.combine(gamma)
    hasher.combine(gray)
    hasher.combine(erasedFields)
  }

  private var erasedFields: [Int] {
    erased.map { [$0.left, $0.top, $0.width, $0.height] } ?? []
  }
}

/// Turns pictures into the normalised input of a network.
public enum PictureBatch {
  /// Resamples (antialiased, bilinear), changes and normalises every picture in one pass.
  ///
  /// **Shape**: n pictures → `[n, extent.height, extent.width, 3]`, RGB. Erased pixels are 0, the mean
  /// colour.
  public static func tensor(
    _ images: [Image], changes: [PictureChange]? = nil, extent: Extent,
    preprocessing: Preprocessing
  ) -> Tensor {
    precondition(
      changes.map { $0.count == images.count } ?? true,
      "PictureBatch: \(changes?.count ?? 0) changes for \(images.count) pictures")
    return Tensor(shape: [images.count, extent.height, extent.width, 3]) { target in
      var pictures: [ck_picture] = []
      for (index, image) in images.enumerated() {
        pictures.append(description(image, changes?[index] ?? PictureChange(keeping: image)))
      }
      // One copy of all pixels, so that every picture's pointer stays valid during the call.
      var pixels: [UInt8] = []
      pixels.reserveCapacity(images.reduce(0) { $0 + $1.pixels.count })
      for image in images { pixels += image.pixels }
      pixels.withUnsafeBufferPointer { buffer in
        var offset = 0
        for (index, image) in images.enumerated() {
          pictures[index].pixels = buffer.baseAddress.map { $0 + offset }
          offset += image.pixels.count
        }
        ck_picture_batch(
          target, pictures, Int64(pictures.count), Int64(extent.height), Int64(extent.width),
          preprocessing.mean, preprocessing.deviation)
      }
    }
  }

  private static func description(_ image: Image, _ change: PictureChange) -> ck_picture {
    var picture = ck_picture()
    picture.width = Int32(image.width)
    picture.height = Int32(image.height)
    picture.left = Float(change.crop.left)
    picture.top = Float(change.crop.top)
    picture.crop_width = Float(change.crop.width)
    picture.crop_height = Float(change.crop.height)
    picture.flip = change.flips ? 1 : 0
    picture.gain = (change.gain[0], change.gain[1], change.gain[2])
    picture.offset = (change.offset[0], change.offset[1], change.offset[2])
    picture.gamma = change.gamma
    picture.gray = change.gray
    if let erased = change.erased {
      picture.erase_left = Int32(erased.left)
      picture.erase_top = Int32(erased.top)
      picture.erase_width = Int32(erased.width)
      picture.erase_height = Int32(erased.height)
    }
    return picture
  }
}
