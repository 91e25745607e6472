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

  /// Why a video is skipped whose boxes cannot be read.
  func reason(for error: String) -> String {
    guard case .sidecar(let url) = self else { return error }
    return error
      + " “\(url.lastPathComponent)” was taken for the boxes of the video because it has "
      + "its name; rename it, or have the detector look for persons with "
      + "--set extraction.detector=background."
  }
}
