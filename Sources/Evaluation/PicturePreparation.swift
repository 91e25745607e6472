import Backbones
import Batches
import Images
import Storage
import Tensors

/// How a picture is made ready for a network, as the model's description says.
struct PicturePreparation: Sendable {
  /// How the picture is fitted to the network's size.
  enum Fit: Sendable {
    /// The whole of it is squashed to the size, as training does it: a JPEG may be decoded smaller, nothing
    /// is rounded to bytes, and what is beyond the border repeats it, all of which timm does otherwise.
    case whole
    /// It is resized, keeping its aspect where asked for, and the middle is cut out; the size is this
    /// share of what is resized to. Equal to timm's evaluation, byte for byte, or with `cropsDown` to that
    /// of the transformers library.
    case middle(share: Double, keepsAspect: Bool, filter: ResamplingFilter, cropsDown: Bool = false)
  }

  /// Picture size of the network.
  var extent: Extent
  /// Normalisation of the network.
  var preprocessing: Preprocessing
  /// How the picture is fitted.
  var fit: Fit

  /// Squashes the whole picture.
  init(extent: Extent, preprocessing: Preprocessing) {
    self.extent = extent
    self.preprocessing = preprocessing
    fit = .whole
  }

  /// What a model's description asks for.
  init(_ preparation: ModelConfiguration.Preparation, preprocessing: Preprocessing) {
    let size = preparation.inputSize
    self.init(extent: Extent(height: size[1], width: size[2]), preprocessing: preprocessing)
    let squashes = preparation.cropMode == .squash
    guard !squashes || preparation.cropPct < 1 || preparation.interpolation != "bilinear" else {
      return
    }
    fit = .middle(
      // As it is written in the file: 0.9 as a Float is a little less.
      share: Double("\(preparation.cropPct)") ?? Double(preparation.cropPct),
      keepsAspect: !squashes,
      filter: ResamplingFilter(rawValue: preparation.interpolation) ?? .bilinear,
      cropsDown: preparation.cropsDown)
  }

  /// The smallest size at which a picture may be decoded; nil where its own is needed.
  var sufficientExtent: Extent? {
    if case .whole = fit { return extent }
    return nil
  }

  /// Faces that are already prepared, whole, as a batch: `[images, height, width, 3]`.
  func tensor(faces: [Image]) -> Tensor {
    PictureBatch.tensor(
      faces, changes: faces.map(PictureChange.init(keeping:)), extent: extent,
      preprocessing: preprocessing)
  }

  /// One picture as a batch of one: `[1, height, width, 3]`.
  func tensor(_ image: Image, isMirrored: Bool = false) -> Tensor {
    let fitted = fitted(image)
    var change = PictureChange(keeping: fitted)
    change.flips = isMirrored
    return PictureBatch.tensor(
      [fitted], changes: [change], extent: extent, preprocessing: preprocessing)
  }

  /// The picture at the network's size, or as it is where the network's input squashes it.
  private func fitted(_ image: Image) -> Image {
    guard case .middle(let share, let keepsAspect, let filter, let cropsDown) = fit else {
      return image
    }
    func whole(_ side: Int) -> Int {
      Int((Double(side) / share).rounded(cropsDown ? .toNearestOrAwayFromZero : .down))
    }
    let target = Extent(height: whole(extent.height), width: whole(extent.width))
    let size = keepsAspect ? Self.size(of: image, covering: target) : target
    let resized = image.resized(
      width: max(size.width, extent.width), height: max(size.height, extent.height),
      filter: filter)
    // Halves go to the even number in timm.
    func start(_ whole: Int, _ part: Int) -> Double {
      (Double(whole - part) / 2).rounded(cropsDown ? .down : .toNearestOrEven)
    }
    return resized.cropped(
      Rectangle(
        left: start(resized.width, extent.width), top: start(resized.height, extent.height),
        width: Double(extent.width), height: Double(extent.height)))
  }

  /// The size with the picture's aspect that just covers `target`.
  private static func size(of image: Image, covering target: Extent) -> Extent {
    guard target.height == target.width else {
      let ratio = min(
        Double(image.height) / Double(target.height), Double(image.width) / Double(target.width))
      func side(_ pixels: Int) -> Int {
        Int((Double(pixels) / ratio).rounded(.toNearestOrEven))
      }
      return Extent(height: side(image.height), width: side(image.width))
    }
    // A square has its own rule in the reference: the longer side is rounded down.
    let side = target.height
    return image.width <= image.height
      ? Extent(height: side * image.height / image.width, width: side)
      : Extent(height: side, width: side * image.width / image.height)
  }
}
