import Foundation

/// Folders and files that are written.
enum OutputFolder {
  /// Makes a folder and those above it; one that exists is kept.
  static func create(_ url: URL) throws(WalkersError) {
    do {
      try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    } catch {
      throw .cannotWrite(path: url.path, reason: reason(of: error))
    }
  }

  /// Writes a file whole or not at all.
  static func write(_ data: Data, to url: URL) throws(WalkersError) {
    do {
      try data.write(to: url, options: .atomic)
    } catch {
      throw .cannotWrite(path: url.path, reason: reason(of: error))
    }
  }

  /// The words of the operating system where there are any.
  private static func reason(of error: any Error) -> String {
    if let cause = (error as? CocoaError)?.underlying as? POSIXError {
      return String(cString: strerror(cause.code.rawValue))
    }
    return error.localizedDescription
  }
}
