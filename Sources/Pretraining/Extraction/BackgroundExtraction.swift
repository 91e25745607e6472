public import Datasets
import Foundation
public import Frames
import Synchronization
import Tensors

/// Cuts the crops out of footage on a thread of its own, while others work with those that are there.
///
/// ```swift
/// let reading = BackgroundExtraction(extraction, of: items, into: writer)
/// let trainer = try PretrainingTrainer(recipe: recipe, source: CropSource(reading.feed), …)
/// …
/// let outcomes = try reading.outcomes()
/// ```
public final class BackgroundExtraction: Sendable {
  /// What is told about the extraction, on its thread.
  public struct Listener: Sendable {
    /// Called after every frame.
    public var progress: @Sendable (ExtractionProgress) -> Void
    /// Called with what became of each video.
    public var finished: @Sendable (VideoOutcome) -> Void
    /// Called with what became of all, before anybody who waits for it goes on.
    public var ended: @Sendable ([VideoOutcome]) throws -> Void

    /// Makes a listener.
    public init(
      progress: @escaping @Sendable (ExtractionProgress) -> Void = { _ in },
      finished: @escaping @Sendable (VideoOutcome) -> Void = { _ in },
      ended: @escaping @Sendable ([VideoOutcome]) throws -> Void = { _ in }
    ) {
      self.progress = progress
      self.finished = finished
      self.ended = ended
    }
  }

  /// What both threads see; an object of its own, so that the thread does not keep the extraction.
  private final class Shared: Sendable {
    let isCancelled = Atomic<Bool>(false)
    let result = Mutex<Result<[VideoOutcome], any Error>?>(nil)
    let change = NSCondition()

    func end(with outcome: Result<[VideoOutcome], any Error>) {
      change.lock()
      defer { change.unlock() }
      result.withLock { $0 = outcome }
      change.broadcast()
    }

    func wait() -> Result<[VideoOutcome], any Error> {
      change.lock()
      defer { change.unlock() }
      while true {
        if let result = result.withLock({ $0 }) { return result }
        change.wait()
      }
    }
  }

  /// The crops as they come.
  public let feed: CropFeed
  private let shared = Shared()

  /// Begins to extract `items` into the store of `writer`, as
  /// ``FootageExtraction/extract(from:into:progress:newFrames:finished:isCancelled:)`` does.
  ///
  /// `isCancelled` is asked before every frame, besides ``cancel()``.
  public init(
    _ extraction: FootageExtraction, of items: [FootageItem], into writer: sending CropStoreWriter,
    listener: Listener = Listener(), isCancelled: @escaping @Sendable () -> Bool = { false }
  ) {
    let feed = CropFeed(growing: writer.store)
    self.feed = feed
    let shared = shared
    let box = WriterBox(writer)
    let thread = Thread {
      Compute.leavePool()
      let result = Result {
        let outcomes = try box.writer.withLock {
          try extraction.extract(
            from: items, into: $0, progress: listener.progress, newFrames: feed.append,
            finished: listener.finished,
            isCancelled: { isCancelled() || shared.isCancelled.load(ordering: .relaxed) })
        }
        try listener.ended(outcomes)
        return outcomes
      }
      switch result {
      case .success: feed.finish()
      case .failure(let error): feed.fail(error)
      }
      shared.end(with: result)
    }
    thread.name = "footage"
    thread.stackSize = 8 << 20
    thread.start()
  }

  deinit { shared.isCancelled.store(true, ordering: .relaxed) }

  /// What became of each item; waits until all footage has been read.
  ///
  /// - Throws: what the extraction threw.
  public func outcomes() throws -> [VideoOutcome] { try shared.wait().get() }

  /// Stops after the current frame and waits until the store is closed; finished videos stay in it.
  public func cancel() {
    shared.isCancelled.store(true, ordering: .relaxed)
    _ = shared.wait()
  }
}

/// Carries the writer to the thread that uses it.
private final class WriterBox: Sendable {
  let writer: Mutex<CropStoreWriter>

  init(_ writer: sending CropStoreWriter) { self.writer = Mutex(writer) }
}
