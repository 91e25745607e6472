import Backbones
public import Datasets
import Foundation
import Images
import Synchronization

/// Decoded pictures of files, and a list of those that cannot be decoded.
public final class PictureSource: Sendable {
  private let cache: ImageCache<String>
  private let minimum: Extent
  private let damaged = Mutex<[String: String]>([:])

  /// Keeps at most `limitBytes` of pixels.
  ///
  /// Pictures much larger than `extent` are decoded at a lower resolution, never below twice the extent.
  init(extent: Extent, limitBytes: Int = 256 << 20) {
    cache = ImageCache(limitBytes: limitBytes)
    minimum = Extent(height: 2 * extent.height, width: 2 * extent.width)
  }

  /// Pictures that could not be decoded so far, sorted by path.
  public var skipped: [SkippedFile] {
    damaged.withLock { $0 }.sorted { $0.key < $1.key }
      .map { SkippedFile(path: $0.key, reason: $0.value) }
  }

  /// The picture of a file.
  func image(_ path: String) throws(ImageError) -> Image {
    try cache.image(path) { () throws(ImageError) in
      try Image(
        contentsOf: URL(fileURLWithPath: path), minimumWidth: minimum.width,
        minimumHeight: minimum.height)
    }
  }

  /// The picture of a file, or nil if it cannot be decoded; then the file is listed.
  func imageIfReadable(_ path: String) -> Image? {
    if damaged.withLock({ $0[path] != nil }) { return nil }
    do throws(ImageError) {
      return try image(path)
    } catch {
      damaged.withLock { $0[path] = error.description }
      return nil
    }
  }

  /// The picture of a file, or the first readable one of some others in its place.
  ///
  /// A damaged file always gives the same substitute, so that runs stay repeatable.
  func image(_ path: String, orOneOf others: @autoclosure () -> [String]) throws -> Image {
    if let image = imageIfReadable(path) { return image }
    for other in others() {
      if let image = imageIfReadable(other) { return image }
    }
    throw TaskError.unsuitableData(
      reason: "\"\(path)\" cannot be decoded, nor any other picture of the same kind: "
        + "\(skipped.first { $0.path == path }?.reason ?? ""); replace it or remove its folder.")
  }
}
