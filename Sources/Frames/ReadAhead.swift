import Foundation
import Images
import Synchronization

/// Decodes on a thread of its own and keeps a few frames ready, so that decoding overlaps the work
/// of whoever takes the frames.
///
/// The thread starts with the first request. At most `capacity` frames wait, whatever the length
/// of the video; a full queue makes the thread sleep.
final class ReadAhead: Sendable {
  /// What both threads see.
  private struct State {
    var ready: [Frame] = []
    var failure: VideoError?
    var health = FrameHealth()
    var isRunning = false
    var isFinished = false
    var isStopped = false
  }

  /// The source together with the grid that decides which of its frames are wanted.
  private struct Input {
    var source: any FrameSource
    var grid: SamplingGrid?
    var nextIndex = 0
  }

  let information: VideoInformation
  private let capacity: Int
  private let input: Mutex<Input>
  private let state = Mutex(State())
  /// Wakes the thread when a place is free, and the caller when a frame is there.
  private let change = NSCondition()

  init(source: sending any FrameSource, samplingRate: Double?, capacity: Int = 3) {
    let information = source.information
    self.information = information
    self.capacity = capacity
    let grid = samplingRate.map { SamplingGrid(rate: $0, timeBase: information.timeBase) }
    input = Mutex(Input(source: source, grid: grid))
  }

  /// How well the frames handed out and the few read ahead could be read.
  var health: FrameHealth { state.withLock { $0.health } }

  /// Takes the next frame, waiting for it where necessary.
  func next() throws(VideoError) -> Frame? {
    change.lock()
    defer { change.unlock() }
    startIfNeeded()
    while true {
      let (frame, failure, isFinished) = state.withLock { state in
        let frame = state.ready.isEmpty ? nil : state.ready.removeFirst()
        let failure = frame == nil ? state.failure : nil
        if failure != nil { state.failure = nil }
        return (frame, failure, state.isFinished)
      }
      if let frame {
        change.broadcast()
        return frame
      }
      if let failure { throw failure }
      if isFinished { return nil }
      change.wait()
    }
  }

  /// Ends the thread and waits until it has left the source.
  func stop() {
    change.lock()
    defer { change.unlock() }
    state.withLock { $0.isStopped = true }
    change.broadcast()
    while state.withLock({ $0.isRunning && !$0.isFinished }) { change.wait() }
  }

  private func startIfNeeded() {
    let mustStart = state.withLock { state in
      defer { state.isRunning = true }
      return !state.isRunning
    }
    guard mustStart else { return }
    let thread = Thread { self.run() }
    thread.name = "frames"
    // Decoders and their converters use more stack than the half megabyte that some systems give.
    thread.stackSize = 4 << 20
    thread.start()
  }

  private func run() {
    var failure: VideoError?
    do throws(VideoError) {
      while let frame = try produce() {
        guard enqueue(frame) else { break }
      }
    } catch {
      failure = error
    }
    change.lock()
    state.withLock { state in
      state.failure = failure
      state.isFinished = true
    }
    change.broadcast()
    change.unlock()
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
    while !state.withLock({ $0.isStopped }) {
      let step = try input.source.advance()
      let health = input.source.health
      state.withLock { $0.health = health }
      switch step {
      case .end: return nil
      case .pending: continue
      case .frame(let timestamp):
        let index = input.nextIndex
        input.nextIndex += 1
        if let grid = input.grid, !grid.wants(timestamp) { continue }
        let picture = try input.source.picture()
        guard let image = picture else {
          let health = input.source.health
          state.withLock { $0.health = health }
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

  /// Hands a frame over, sleeping while the queue is full.
  ///
  /// - Returns: false when nobody waits for frames any more.
  private func enqueue(_ frame: Frame) -> Bool {
    change.lock()
    defer { change.unlock() }
    while true {
      let isDone: Bool? = state.withLock { state in
        if state.isStopped { return false }
        guard state.ready.count < capacity else { return nil }
        state.ready.append(frame)
        return true
      }
      if let isDone {
        change.broadcast()
        return isDone
      }
      change.wait()
    }
  }
}
