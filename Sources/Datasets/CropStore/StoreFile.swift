import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A file being written through a buffer; nothing is promised to be on disk before `synchronize()`.
final class StoreFile {
  /// Where the file is.
  let path: String
  /// Bytes written so far, counted from the start of the file.
  private(set) var length: Int
  private var descriptor: Int32
  private var buffer: [UInt8] = []
  /// Large enough that a crop is one or two system calls.
  private static let bufferSize = 1 << 16

  /// Opens `path` for writing at byte `length`, cutting off whatever lies beyond it.
  init(path: String, keeping length: Int = 0) throws(DatasetError) {
    self.path = path
    self.length = length
    descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else {
      throw DatasetError.cannotWrite(path: path, reason: systemReason())
    }
    guard ftruncate(descriptor, off_t(length)) == 0,
      lseek(descriptor, off_t(length), SEEK_SET) == off_t(length)
    else {
      let reason = systemReason()
      abandon()
      throw DatasetError.cannotWrite(path: path, reason: reason)
    }
    buffer.reserveCapacity(Self.bufferSize)
  }

  deinit { abandon() }

  /// Appends bytes.
  func write(_ bytes: [UInt8]) throws(DatasetError) {
    buffer += bytes
    length += bytes.count
    if buffer.count >= Self.bufferSize { try flush() }
  }

  /// Cuts the file back to `length` bytes.
  func truncate(to length: Int) throws(DatasetError) {
    try flush()
    guard ftruncate(descriptor, off_t(length)) == 0,
      lseek(descriptor, off_t(length), SEEK_SET) == off_t(length)
    else { throw DatasetError.cannotWrite(path: path, reason: systemReason()) }
    self.length = length
  }

  /// Hands everything to the operating system.
  func flush() throws(DatasetError) {
    var done = 0
    while done < buffer.count {
      let written = buffer.withUnsafeBytes { bytes in
        posixWrite(descriptor, bytes.baseAddress.map { $0 + done }, bytes.count - done)
      }
      if written < 0 {
        if errno == EINTR { continue }
        let reason = systemReason()
        buffer.removeFirst(done)
        throw DatasetError.cannotWrite(path: path, reason: reason)
      }
      done += written
    }
    buffer.removeAll(keepingCapacity: true)
  }

  /// Returns when the bytes are on the disk.
  func synchronize() throws(DatasetError) {
    try flush()
    guard fsync(descriptor) == 0 else {
      throw DatasetError.cannotWrite(path: path, reason: systemReason())
    }
  }

  /// Writes everything to the disk and closes the file.
  func close() throws(DatasetError) {
    try synchronize()
    abandon()
  }

  /// Closes the file without caring for what is still in the buffer.
  func abandon() {
    if descriptor >= 0 { _ = posixClose(descriptor) }
    descriptor = -1
  }
}

/// The operating system's words for the last error.
func systemReason() -> String { String(cString: strerror(errno)) }

/// `write(2)`, under a name that the method of ``StoreFile`` does not hide.
private func posixWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
  write(descriptor, bytes, count)
}

/// `close(2)`, likewise.
func posixClose(_ descriptor: Int32) -> Int32 { close(descriptor) }

/// Makes a finished temporary file visible under its name, for good.
func publish(_ temporary: String, as path: String) throws(DatasetError) {
  guard rename(temporary, path) == 0 else {
    throw DatasetError.cannotWrite(path: path, reason: systemReason())
  }
  try synchronizeFolder(of: path)
}

/// Returns when the names inside a file's folder are on the disk.
private func synchronizeFolder(of path: String) throws(DatasetError) {
  let folder = (path as NSString).deletingLastPathComponent
  let descriptor = open(folder.isEmpty ? "." : folder, O_RDONLY | O_CLOEXEC)
  guard descriptor >= 0 else {
    throw DatasetError.cannotWrite(path: folder, reason: systemReason())
  }
  // Some network file systems refuse to sync a folder; the rename itself has succeeded by now.
  _ = fsync(descriptor)
  _ = posixClose(descriptor)
}

/// Replaces a file in one step: a reader sees the old or the new content, never a part.
func replaceFile(at path: String, with bytes: [UInt8]) throws(DatasetError) {
  let temporary = path + StoreLayout.temporarySuffix
  let file = try StoreFile(path: temporary)
  try file.write(bytes)
  try file.close()
  try publish(temporary, as: path)
}
