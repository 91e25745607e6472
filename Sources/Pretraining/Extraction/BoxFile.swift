import Foundation

/// Whether a video has a file of boxes.
enum BoxFile {
  /// There is none, and none is needed.
  case none
  /// There is one.
  case file(URL)
  /// One is needed, but there is none.
  case missing(reason: String)

  var paths: [String] {
    if case .file(let url) = self { return [url.path] }
    return []
  }
}
