import Foundation

/// Whether a video has a file of boxes.
enum BoxFile {
  /// There is none, and none is needed.
  case none
  /// One was named.
  case file(URL)
  /// One lies beside the video, under its name.
  case sidecar(URL)
  /// One is needed, but there is none.
  case missing(reason: String)

  var paths: [String] {
    switch self {
    case .file(let url), .sidecar(let url): [url.path]
    case .none, .missing: []
    }
  }

  /// Why there is no file to read at a path, in a few words; nil if there is one.
  static func problem(of path: String) -> String? {
    let files = FileManager.default
    guard files.fileExists(atPath: path) else { return "no such file" }
    return files.isReadableFile(atPath: path) ? nil : "it may not be opened"
  }

  /// Why a video is skipped whose boxes cannot be read.
  func reason(for error: String) -> String {
    guard case .sidecar(let url) = self else { return error }
    return error
      + " “\(url.lastPathComponent)” was taken for the boxes of the video because it has "
      + "its name; rename it, or have the detector look for persons with "
      + "--set extraction.detector=background."
  }
}
