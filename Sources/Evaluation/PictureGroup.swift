import Backbones
import Datasets
import Foundation
import Images
import Metrics
import Storage
import Tensors

/// A few pictures on their way to a model, decoded and prepared ahead of it.
///
/// One decoded picture is held at a time, so that a folder of large photographs needs no more memory
/// than one of small crops.
struct PictureGroup: Sendable {
  /// What a picture is turned into before the model sees it.
  enum Target: Sendable {
    /// The input of a network, with a second, mirrored one where `flips` is set, and the pictures
    /// themselves where `keepsPictures` is.
    case network(PicturePreparation, flips: Bool, keepsPictures: Bool = false)
    /// The features themselves.
    case description(any ImageFeature, flips: Bool)
    /// Nothing: the pictures are only checked.
    case check
  }

  /// Places of the decoded pictures in the whole list.
  private(set) var kept: [Int] = []
  /// Texts that are equal for pictures of equal pixels.
  private(set) var keys: [String] = []
  /// Pictures that could not be decoded.
  private(set) var skipped: [SkippedFile] = []
  /// `[images, height, width, 3]` for a network, nil without a picture.
  private(set) var input: Tensor?
  /// The same pictures mirrored.
  private(set) var mirrored: Tensor?
  /// The decoded pictures, where they are kept.
  private(set) var pictures: [Image] = []
  /// `[images, width]` for a description, the mean with the mirrored picture where asked for.
  private(set) var values: [Float] = []

  /// Decodes and prepares the pictures at some places of a list.
  init(paths: [String], range: Range<Int>, target: Target) {
    var inputs: [Tensor] = []
    var mirrors: [Tensor] = []
    for place in range {
      let image: Image
      do {
        image = try Self.decoded(paths[place], target: target)
      } catch {
        skipped.append(SkippedFile(path: paths[place], reason: error.shortReason))
        continue
      }
      kept.append(place)
      keys.append(Self.key(of: image))
      switch target {
      case .network(let preparation, let flips, let keepsPictures):
        inputs.append(preparation.tensor(image))
        if keepsPictures { pictures.append(image) }
        if flips { mirrors.append(preparation.tensor(image, isMirrored: true)) }
      case .description(let feature, let flips):
        var row = feature.features(of: image)
        if flips {
          let mirror = feature.features(of: image.flippedHorizontally())
          for index in row.indices { row[index] = (row[index] + mirror[index]) / 2 }
        }
        values += row
      case .check: break
      }
    }
    input = Self.joined(inputs)
    mirrored = Self.joined(mirrors)
  }

  /// JPEGs are decoded at the smallest scale that is still as large as the network's input.
  private static func decoded(_ path: String, target: Target) throws(ImageError) -> Image {
    let url = URL(fileURLWithPath: path)
    guard case .network(let preparation, _, _) = target, let extent = preparation.sufficientExtent
    else { return try Image(contentsOf: url) }
    return try Image(
      contentsOf: url, minimumWidth: extent.width, minimumHeight: extent.height)
  }

  private static func key(of image: Image) -> String {
    var print = Fingerprint()
    print.add(UInt64(image.width))
    image.pixels.withUnsafeBytes { print.add($0) }
    return print.text
  }

  private static func joined(_ tensors: [Tensor]) -> Tensor? {
    guard let first = tensors.first else { return nil }
    return Tensor(shape: [tensors.count] + first.shape.dropFirst()) { target in
      for (index, tensor) in tensors.enumerated() {
        tensor.withPointer {
          (target + index * first.count).update(from: $0, count: first.count)
        }
      }
    }
  }
}

extension ImageError {
  /// The cause alone, for lists that name the file beside it.
  var shortReason: String {
    switch self {
    case .unreadable(_, let reason), .unwritable(_, let reason): reason
    case .unrecognized: "it is no picture in a known format"
    case .corrupt(_, let format, let reason): "damaged \(format): \(reason)"
    case .tooLarge(_, let width, let height): "\(width)×\(height) pixels are too many"
    case .unknownExtension, .notEncodable: description
    }
  }
}
