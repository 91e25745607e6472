public import Datasets
public import Images

/// Decoded crops of a store, kept in memory up to a limit.
public final class CropSource: Sendable {
  /// Decoded pixels that are kept unless told otherwise, in bytes.
  public static let defaultLimitBytes = 192 << 20

  /// Tells which crops there are.
  public let feed: CropFeed
  /// Where the crops come from.
  public var store: CropStore { feed.store }
  private let cache: ImageCache<Int>

  /// Reads from a store that may still grow, and keeps at most `limitBytes` of decoded pixels.
  public init(_ feed: CropFeed, limitBytes: Int = defaultLimitBytes) {
    self.feed = feed
    cache = ImageCache(limitBytes: limitBytes)
  }

  /// Reads from a store to which nothing is added any more.
  public convenience init(_ store: CropStore, limitBytes: Int = defaultLimitBytes) {
    self.init(CropFeed(complete: store), limitBytes: limitBytes)
  }

  /// The crop at a position of the store.
  public func image(at index: Int) throws(DatasetError) -> Image {
    try cache.image(index) { () throws(DatasetError) in try store.image(at: index) }
  }
}
