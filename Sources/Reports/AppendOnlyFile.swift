import Foundation

/// A text file that only grows, and whose tail can be cut once, before it is continued.
///
/// **Crash safety**: a line is handed to the system in one piece as soon as it is appended, so a
/// killed process loses at most the line it was writing. A last line without its line break is
/// such a torn line, and is dropped when the file is continued.
struct AppendOnlyFile: Sendable {
  let path: String
  private let handle: FileHandle

  /// Begins a new file with `text`; a file of this name is replaced.
  init(creating url: URL, text: String) throws(ReportError) {
    do {
      try Data(text.utf8).write(to: url, options: .atomic)
    } catch {
      throw .cannotWrite(path: url.path, reason: error.reason)
    }
    try self.init(appendingTo: url)
  }

  /// Opens a file to append to it; it is made if missing.
  init(appendingTo url: URL) throws(ReportError) {
    path = url.path
    do {
      if !FileManager.default.fileExists(atPath: url.path) {
        try Data().write(to: url, options: .withoutOverwriting)
      }
      handle = try FileHandle(forWritingTo: url)
      try handle.seekToEnd()
    } catch {
      throw .cannotWrite(path: url.path, reason: error.reason)
    }
  }

  /// Adds text, usually one line with its line break.
  func append(_ text: String) throws(ReportError) {
    try append(bytes: Data(text.utf8))
  }

  /// Adds bytes.
  func append(bytes: Data) throws(ReportError) {
    do {
      try handle.write(contentsOf: bytes)
    } catch {
      throw .cannotWrite(path: path, reason: error.reason)
    }
  }

  /// Waits until everything appended is on the disk, not only in the system's memory.
  func synchronize() throws(ReportError) {
    do {
      try handle.synchronize()
    } catch {
      throw .cannotWrite(path: path, reason: error.reason)
    }
  }

  /// Closes the file.
  func close() throws(ReportError) {
    do {
      try handle.close()
    } catch {
      throw .cannotWrite(path: path, reason: error.reason)
    }
  }

  /// The complete lines of a file, without their line breaks; a torn last line is left out.
  static func completeLines(of url: URL) throws(ReportError) -> [String] {
    let data: Data
    do {
      data = try Data(contentsOf: url)
    } catch {
      throw .cannotRead(path: url.path, reason: error.reason)
    }
    var lines = data.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    // After a final line break an empty piece remains; without one, the piece is the torn line.
    lines.removeLast()
    return lines.map { String(decoding: $0, as: UTF8.self) }
  }
}

extension Error {
  /// The system's own words where the error carries them: "No space left on device".
  var reason: String {
    let error = self as NSError
    if error.domain == NSPOSIXErrorDomain {
      return String(cString: strerror(Int32(error.code)))
    }
    // Linux keeps a Swift error here, macOS an NSError.
    if let underlying = error.userInfo[NSUnderlyingErrorKey] as? POSIXError {
      return String(cString: strerror(underlying.code.rawValue))
    }
    if let underlying = error.userInfo[NSUnderlyingErrorKey] as? NSError,
      underlying.domain == NSPOSIXErrorDomain
    {
      return String(cString: strerror(Int32(underlying.code)))
    }
    switch (self as? CocoaError)?.code {
    case .fileNoSuchFile, .fileReadNoSuchFile: return String(cString: strerror(ENOENT))
    case .fileWriteNoPermission, .fileReadNoPermission: return String(cString: strerror(EACCES))
    case .fileWriteOutOfSpace: return String(cString: strerror(ENOSPC))
    case .fileWriteVolumeReadOnly: return String(cString: strerror(EROFS))
    default: return error.localizedDescription
    }
  }
}
