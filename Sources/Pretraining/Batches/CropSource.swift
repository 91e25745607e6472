public import Datasets
public import Images
import Synchronization

/// Decoded crops of a store, kept in memory up to a limit.
///
/// When the limit is reached the oldest decoded crops go first. Safe to use from several threads.
public final class CropSource: Sendable {
  private struct Cache {
    var images: [Int: Image] = [:]
    var order: [Int] = []
    var oldest = 0
    var bytes = 0
  }

  /// Tells which crops there are.
  public let feed: CropFeed
  /// Where the crops come from.
  public var store: CropStore { feed.store }
  private let limitBytes: Int
  private let cache = Mutex(Cache())

  /// Reads from a store that may still grow, and keeps at most `limitBytes` of decoded pixels.
  public init(_ feed: CropFeed, limitBytes: Int = 192 << 20) {
    self.feed = feed
    self.limitBytes = limitBytes
  }

  /// Reads from a store to which nothing is added any more.
  public convenience init(_ store: CropStore, limitBytes: Int = 192 << 20) {
    self.init(CropFeed(complete: store), limitBytes: limitBytes)
  }

  /// The crop at a position of the store.
  public func image(at index: Int) throws(DatasetError) -> Image {
    if let image = cache.withLock({ $0.images[index] }) { return image }
    let image = try store.image(at: index)
    cache.withLock { cache in
      guard cache.images[index] == nil else { return }
      cache.images[index] = image
      cache.order.append(index)
      cache.bytes += image.pixels.count
      while cache.bytes > limitBytes, cache.oldest < cache.order.count {
        let leaving = cache.order[cache.oldest]
        cache.oldest += 1
        cache.bytes -= cache.images.removeValue(forKey: leaving)?.pixels.count ?? 0
      }
      if cache.oldest > 4096 {
        cache.order.removeFirst(cache.oldest)
        cache.oldest = 0
      }
    }
    return image
  }
}
