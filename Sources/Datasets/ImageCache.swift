public import Images
import Synchronization

/// Decoded pictures, kept in memory up to a limit.
///
/// When the limit is reached the pictures decoded first go first. Safe to use from several threads.
public final class ImageCache<Key: Hashable & Sendable>: Sendable {
  private struct State {
    var images: [Key: Image] = [:]
    var order: [Key] = []
    var oldest = 0
    var bytes = 0
  }

  private let limitBytes: Int
  private let state = Mutex(State())

  /// Keeps at most `limitBytes` of decoded pixels.
  public init(limitBytes: Int = 192 << 20) {
    self.limitBytes = limitBytes
  }

  /// The picture of a key, decoded by `decode` where it is not kept.
  public func image<Failure: Error>(
    _ key: Key, decode: () throws(Failure) -> Image
  ) throws(Failure) -> Image {
    if let image = state.withLock({ $0.images[key] }) { return image }
    let image = try decode()
    state.withLock { state in
      guard state.images[key] == nil else { return }
      state.images[key] = image
      state.order.append(key)
      state.bytes += image.pixels.count
      while state.bytes > limitBytes, state.oldest < state.order.count {
        let leaving = state.order[state.oldest]
        state.oldest += 1
        state.bytes -= state.images.removeValue(forKey: leaving)?.pixels.count ?? 0
      }
      if state.oldest > 4096 {
        state.order.removeFirst(state.oldest)
        state.oldest = 0
      }
    }
    return image
  }
}
