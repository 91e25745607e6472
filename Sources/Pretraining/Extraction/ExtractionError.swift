/// Why footage as a whole cannot be extracted; trouble with one video only skips that video.
public enum ExtractionError: Error, Sendable, Equatable, CustomStringConvertible {
  /// One file of boxes was named for several videos.
  case boxesForOneVideo(path: String, videos: Int)
  /// Footage or its boxes were there when the run began and are not any more.
  case footageGone(path: String, reason: String)
  /// A video of the store has other content now.
  case videoChanged(name: String, store: String)

  /// The error in a sentence: what, where, why, and what to do.
  public var description: String {
    switch self {
    case .boxesForOneVideo(let path, let videos):
      "“\(path)” holds the boxes of one video, but there are \(videos); "
        + "give a folder with one file of boxes per video."
    case .footageGone(let path, let reason):
      "“\(path)” was there when the run began, but cannot be read now (\(reason)); bring it back, for "
        + "instance by mounting its disk, and continue with --resume, which keeps what is done."
    case .videoChanged(let name, let store):
      "“\(name)” or its boxes changed since its crops were stored in “\(store)”; "
        + "delete that folder to extract anew, or choose another output folder."
    }
  }
}
