public import Datasets
import Foundation
import Synchronization

/// The crops of footage while it is still being read: frames come in a fixed order, and whoever needs
/// one that is not there yet waits for it.
///
/// The order of the frames depends on the footage alone. A reader that takes a number of frames that it
/// knows beforehand therefore sees the same crops in every run, however fast the footage is read.
public final class CropFeed: Sendable {
  private struct State {
    var frames: [CropFrame] = []
    var isComplete = false
    var failure: (any Error)?
  }

  /// Where the crops of the frames lie.
  public let store: CropStore
  private let state = Mutex(State())
  private let change = NSCondition()

  /// A feed without frames.
  init(empty store: CropStore) { self.store = store }

  /// A feed of a store to which nothing is added any more.
  public convenience init(complete store: CropStore) {
    self.init(empty: store)
    append(store.frames())
    finish()
  }

  /// A feed that begins with the frames that a growing store has already.
  public convenience init(growing store: CropStore) {
    self.init(empty: store)
    append(store.frames())
  }

  /// Adds frames whose crops can be read from the store.
  public func append(_ frames: [CropFrame]) { tell { $0.frames += frames } }

  /// Says that all footage has been read.
  public func finish() { tell { $0.isComplete = true } }

  /// Says why the rest of the footage cannot be read.
  public func fail(_ error: any Error) { tell { $0.failure = $0.failure ?? error } }

  /// Whether all footage has been read.
  public var isComplete: Bool { state.withLock { $0.isComplete } }

  /// Throws if the footage cannot be read to its end, without waiting.
  public func check() throws {
    if let failure = state.withLock({ $0.failure }) { throw failure }
  }

  /// The frame at a position, waiting until it has been read.
  ///
  /// - Returns: nil when there are no more frames.
  /// - Throws: the error given to ``fail(_:)``.
  public func frame(at position: Int) throws -> CropFrame? {
    change.lock()
    defer { change.unlock() }
    while true {
      let (frame, isComplete, failure) = state.withLock { state in
        (
          position < state.frames.count ? state.frames[position] : nil, state.isComplete,
          state.failure
        )
      }
      if let frame { return frame }
      if isComplete { return nil }
      if let failure { throw failure }
      change.wait()
    }
  }

  private func tell(_ mutation: (inout State) -> Void) {
    change.lock()
    defer { change.unlock() }
    state.withLock { mutation(&$0) }
    change.broadcast()
  }
}
