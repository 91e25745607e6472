import Foundation

/// An open file that is read at given places; closed with its last user.
///
/// Reads instead of mapping: a mapped file that another program cuts short would end the process.
final class SafetensorsReader: Sendable {
  let path: String
  /// The size when opened, in bytes.
  let size: Int
  private let descriptor: Int32

  /// Opens a regular file.
  init(path: String) throws(SafetensorsError) {
    self.path = path
    descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      if errno == ENOENT || errno == ENOTDIR { throw .missing(path: path) }
      throw .unreadable(path: path, reason: systemReason())
    }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      let reason = systemReason()
      close(descriptor)
      throw .unreadable(path: path, reason: reason)
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw .unreadable(
        path: path,
        reason: status.st_mode & S_IFMT == S_IFDIR ? "it is a folder" : "it is not a regular file")
    }
    size = Int(status.st_size)
  }

  deinit { close(descriptor) }

  /// Fills `buffer` with the bytes from `offset` on.
  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(SafetensorsError) {
    var done = 0
    while done < buffer.count {
      // One call moves at most 2 GiB on Linux and macOS; asking for less keeps both quiet.
      let wanted = min(buffer.count - done, 1 << 30)
      let count = pread(
        descriptor, buffer.baseAddress?.advanced(by: done), wanted, off_t(offset + done))
      if count < 0 {
        if errno == EINTR { continue }
        throw .unreadable(path: path, reason: systemReason())
      }
      // The file was cut after it was opened.
      guard count > 0 else {
        throw .truncated(path: path, size: offset + done, needed: offset + buffer.count)
      }
      done += count
    }
  }
}

/// The system's words for the error of the last call.
func systemReason() -> String { String(cString: strerror(errno)) }
