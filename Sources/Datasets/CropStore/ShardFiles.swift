import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Open shard files, shared by all readers of a store; the ones used longest ago are closed.
final class ShardFiles: Sendable {
  /// Few enough that a process with the usual limit of 256…1024 files never runs out.
  private static let capacity = 64

  /// A file descriptor that stays valid as long as somebody reads from it.
  private final class Handle: Sendable {
    let descriptor: Int32

    /// Opens a shard, or the file it is still being written as.
    init(path: String) throws(DatasetError) {
      var opened: Int32 = -1
      // Between the first two names the writer may have renamed the file.
      for name in [path, path + StoreLayout.temporarySuffix, path] where opened < 0 {
        opened = open(name, O_RDONLY | O_CLOEXEC)
      }
      descriptor = opened
      guard descriptor >= 0 else {
        throw DatasetError.cannotRead(path: path, reason: systemReason())
      }
    }

    deinit { _ = posixClose(descriptor) }
  }

  private struct State {
    var handles: [String: (handle: Handle, used: Int)] = [:]
    var clock = 0
  }

  private let state = Mutex(State())

  /// Reads `count` bytes at `offset`; fewer if the file ends before.
  func read(_ path: String, offset: Int, count: Int) throws(DatasetError) -> [UInt8] {
    let handle = try handle(path)
    var failure: String?
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, done in
      while done < count {
        let got = pread(
          handle.descriptor, buffer.baseAddress.map { $0 + done }, count - done,
          off_t(offset + done))
        if got < 0, errno == EINTR { continue }
        if got < 0 { failure = systemReason() }
        if got <= 0 { return }
        done += got
      }
    }
    if let failure { throw DatasetError.cannotRead(path: path, reason: failure) }
    return bytes
  }

  /// Forgets every file, so that a name is looked up anew.
  func closeAll() { state.withLock { $0.handles = [:] } }

  private func handle(_ path: String) throws(DatasetError) -> Handle {
    try state.withLock { state throws(DatasetError) -> Handle in
      state.clock += 1
      if let known = state.handles[path]?.handle {
        state.handles[path]?.used = state.clock
        return known
      }
      if state.handles.count >= Self.capacity,
        let oldest = state.handles.min(by: { $0.value.used < $1.value.used })?.key
      {
        state.handles[oldest] = nil
      }
      let opened = try Handle(path: path)
      state.handles[path] = (opened, state.clock)
      return opened
    }
  }
}
