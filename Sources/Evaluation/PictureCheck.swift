public import Datasets
import Foundation
import Images
public import Tasks

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

  /// The faces of a list that cannot be decoded, each once.
  ///
  /// - Parameter progress: called after every picture; may throw to stop.
  public static func undecodable(
    _ faces: [FacePicture], progress: () throws -> Void = {}
  ) rethrows -> [SkippedFile] {
    var seen: Set<String> = []
    var skipped: [SkippedFile] = []
    for face in faces where seen.insert(face.path).inserted {
      do {
        _ = try face.image()
      } catch {
        skipped.append(
          SkippedFile(path: face.path, reason: (error as? ImageError)?.shortReason ?? "\(error)"))
      }
      try progress()
    }
    return skipped
  }

  /// The pictures to restore that cannot be decoded, or whose pair has another size, and the pixels of all
  /// others together.
  ///
  /// - Parameter progress: called after every picture; may throw to stop.
  public static func unusable(
    _ items: [RestorationItem], progress: () throws -> Void = {}
  ) rethrows -> (skipped: [SkippedFile], pixels: Int) {
    var skipped: [SkippedFile] = []
    var pixels = 0
    for item in items {
      var path = item.clean
      do {
        let clean = try Image(contentsOf: URL(fileURLWithPath: path))
        if let degraded = item.degraded {
          path = degraded
          let other = try Image(contentsOf: URL(fileURLWithPath: path))
          guard other.width == clean.width, other.height == clean.height else {
            throw DatasetError.badPairs(
              path: path,
              detail: "it has \(other.width)x\(other.height) pixels, its clean picture "
                + "\(clean.width)x\(clean.height)")
          }
        }
        pixels += clean.width * clean.height
      } catch {
        skipped.append(
          SkippedFile(path: path, reason: (error as? ImageError)?.shortReason ?? "\(error)"))
      }
      try progress()
    }
    return (skipped, pixels)
  }
}
