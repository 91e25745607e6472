import Foundation

/// A file that takes its final name only when it is complete and on the disk.
final class SafetensorsOutput {
  private let path: String
  private let temporary: String
  private var descriptor: Int32

  /// Creates a temporary file beside `path`, because a rename cannot cross file systems.
  init(replacing path: String) throws(SafetensorsError) {
    self.path = path
    let folder = (path as NSString).deletingLastPathComponent
    let name = ".\((path as NSString).lastPathComponent).\(UUID().uuidString).partial"
    temporary = folder.isEmpty ? name : (folder as NSString).appendingPathComponent(name)
    descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw .unwritable(path: path, reason: systemReason()) }
  }

  deinit { if descriptor >= 0 { discard() } }

  /// Writes bytes after those before.
  func append(_ bytes: UnsafeRawBufferPointer) throws(SafetensorsError) {
    var done = 0
    while done < bytes.count {
      let count = write(
        descriptor, bytes.baseAddress?.advanced(by: done), min(bytes.count - done, 1 << 30))
      if count < 0 {
        if errno == EINTR { continue }
        throw .unwritable(path: path, reason: systemReason())
      }
      done += count
    }
  }

  /// Brings the bytes to the disk and gives the file its name.
  func finish() throws(SafetensorsError) {
    guard fsync(descriptor) == 0 else { throw .unwritable(path: path, reason: systemReason()) }
    let closed = close(descriptor)
    descriptor = -1
    guard closed == 0, rename(temporary, path) == 0 else {
      throw .unwritable(path: path, reason: systemReason())
    }
  }

  /// Removes what was written.
  func discard() {
    if descriptor >= 0 { close(descriptor) }
    descriptor = -1
    unlink(temporary)
  }
}
