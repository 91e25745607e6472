public import Datasets

/// A first pass over pictures that only asks whether they can be decoded.
public enum PictureCheck {
  /// The pictures of a list that cannot be decoded, with the reasons.
  ///
  /// - Parameters:
  ///   - paths: the files.
  ///   - progress: called with the number of files of each finished group.
  public static func undecodable(
    _ paths: [String], progress: (Int) -> Void = { _ in }
  ) throws -> [SkippedFile] {
    var skipped: [SkippedFile] = []
    try PictureGroup.forEach(of: paths, target: .check) { group, count in
      skipped += group.skipped
      progress(count)
    }
    return skipped
  }
}
