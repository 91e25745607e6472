/// Why footage as a whole cannot be extracted; trouble with one video only skips that video.
public enum ExtractionError: Error, Sendable, Equatable, CustomStringConvertible {
  /// One file of boxes was named for several videos.
  case boxesForOneVideo(path: String, videos: Int)
  /// A video of the store has other content now.
  case videoChanged(name: String, store: String)

  /// The error in a sentence: what, where, why, and what to do.
  public var description: String {
    switch self {
    case .boxesForOneVideo(let path, let videos):
      "“\(path)” holds the boxes of one video, but there are \(videos); "
        + "give a folder with one file of boxes per video."
    case .videoChanged(let name, let store):
      "“\(name)” or its boxes changed since its crops were stored in “\(store)”; "
        + "delete that folder to extract anew, or choose another output folder."
    }
  }
}
