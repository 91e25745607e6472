import Foundation
import Pipelines
import Synchronization

/// Decodes on a thread of its own and keeps a few frames ready, so that decoding overlaps the work
/// of whoever takes the frames.
///
/// The thread starts with the first request. At most `capacity` frames wait, whatever the length
/// of the video; a full queue makes the thread sleep.
final class ReadAhead: Sendable {
  /// The source together with the grid that decides which of its frames are wanted.
  private struct Input {
    var source: any FrameSource
    var grid: SamplingGrid?
    var nextIndex = 0
  }

  let information: VideoInformation
  private let input: Mutex<Input>
  private let queue: BoundedQueue<Result<Frame, VideoError>>
  private let latestHealth = Mutex(FrameHealth())
  private let isStarted = Atomic<Bool>(false)

  init(source: sending any FrameSource, samplingRate: Double?, capacity: Int = 3) {
    let information = source.information
    self.information = information
    queue = BoundedQueue(capacity: capacity)
    let grid = samplingRate.map { SamplingGrid(rate: $0, timeBase: information.timeBase) }
    input = Mutex(Input(source: source, grid: grid))
  }

  /// How well the frames handed out and the few read ahead could be read.
  var health: FrameHealth { latestHealth.withLock { $0 } }

  /// Takes the next frame, waiting for it where necessary.
  func next() throws(VideoError) -> Frame? {
    startIfNeeded()
    return try queue.next()?.get()
  }

  /// Ends the thread and waits until it has left the source.
  func stop() {
    queue.stop()
    if isStarted.load(ordering: .acquiring) { queue.waitUntilClosed() }
  }

  private func startIfNeeded() {
    guard !isStarted.exchange(true, ordering: .acquiringAndReleasing) else { return }
    let thread = Thread { self.run() }
    thread.name = "frames"
    // Decoders and their converters use more stack than the half megabyte that some systems give.
    thread.stackSize = 4 << 20
    thread.start()
  }

  private func run() {
    do throws(VideoError) {
      while let frame = try produce() {
        guard queue.append(.success(frame)) else { break }
      }
    } catch {
      _ = queue.append(.failure(error))
    }
    queue.close()
  }

  /// The next wanted frame, or `nil` at the end or when nobody waits any more.
  private func produce() throws(VideoError) -> Frame? {
    let outcome: Result<Frame?, VideoError> = input.withLock { input in
      do throws(VideoError) {
        return .success(try read(&input))
      } catch {
        return .failure(error)
      }
    }
    return try outcome.get()
  }

  private func read(_ input: inout Input) throws(VideoError) -> Frame? {
    while !queue.isStopped {
      let step = try input.source.advance()
      note(input.source.health)
      switch step {
      case .end: return nil
      case .pending: continue
      case .frame(let timestamp):
        let index = input.nextIndex
        input.nextIndex += 1
        if let grid = input.grid, !grid.wants(timestamp) { continue }
        let picture = try input.source.picture()
        guard let image = picture else {
          note(input.source.health)
          continue
        }
        input.grid?.take(timestamp)
        return Frame(
          image: image, index: index, timestamp: timestamp,
          seconds: information.timeBase.seconds(of: timestamp))
      }
    }
    return nil
  }

  private func note(_ health: FrameHealth) { latestHealth.withLock { $0 = health } }
}
