import Foundation

/// A file that is mapped into memory and copied from piece by piece; closed with its last user.
///
/// The pages of a piece are given back once it is copied, so that a whole network is read with one
/// piece more than its own memory. A mapped file that another program cuts short ends a process that
/// touches the lost pages; therefore the file's size is asked for again before every piece. What is
/// left is a cut within the microseconds between that question and the copy: writers that replace a
/// file by another, as those here do, cannot cause it.
final class SafetensorsReader: Sendable {
  let path: String
  /// The size when opened, in bytes.
  let size: Int
  private let descriptor: Int32
  // Nobody writes to this memory, and it is there as long as the reader.
  nonisolated(unsafe) private let start: UnsafeMutableRawPointer?

  /// Bytes that are copied between two looks at the file's size; a multiple of every page size.
  private static let piece = 1 << 20

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
    // No system maps nothing.
    guard size > 0 else {
      start = nil
      return
    }
    let mapped = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0)
    guard let mapped, Int(bitPattern: mapped) != -1 else {
      let reason = systemReason()
      close(descriptor)
      throw .unreadable(path: path, reason: "it cannot be mapped into memory (\(reason))")
    }
    start = mapped
    // A hint; a system that does not take it reads all the same.
    _ = madvise(mapped, size, MADV_SEQUENTIAL)
  }

  deinit {
    if let start { munmap(start, size) }
    close(descriptor)
  }

  /// Fills `buffer` with the bytes from `offset` on.
  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(SafetensorsError) {
    let end = offset + buffer.count
    guard let start, end <= size else {
      guard buffer.isEmpty else { throw .truncated(path: path, size: size, needed: end) }
      return
    }
    var place = offset
    while place < end {
      // Pieces end where pages do, so that each page is given back once.
      let next = min(end, (place / Self.piece + 1) * Self.piece)
      try checkSize(needed: end)
      UnsafeMutableRawBufferPointer(rebasing: buffer[(place - offset)..<(next - offset)])
        .copyMemory(from: UnsafeRawBufferPointer(start: start + place, count: next - place))
      let first = place / Self.piece * Self.piece
      // Read-only pages of a file: whoever needs one again finds it in the file.
      _ = madvise(start + first, next - first, MADV_DONTNEED)
      place = next
    }
  }

  /// Refuses a file that was cut after it was opened.
  private func checkSize(needed: Int) throws(SafetensorsError) {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      throw .unreadable(path: path, reason: systemReason())
    }
    guard Int(status.st_size) >= needed else {
      throw .truncated(path: path, size: Int(status.st_size), needed: needed)
    }
  }
}

/// The system's words for the error of the last call.
func systemReason() -> String { String(cString: strerror(errno)) }
