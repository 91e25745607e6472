/// Why boxes could not be had.
public enum DetectionError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The file of boxes cannot be read.
  case unreadable(path: String, reason: String)
  /// A line of the file of boxes is not a box.
  case malformedLine(path: String, line: Int, text: String, reason: String)
  /// The file of boxes holds none.
  case empty(path: String)
  /// A folder of boxes has nothing for a video.
  case noFile(video: String, folder: String)
  /// The detector got no frames to learn the background from.
  case noFrames
  /// The frames for the background differ in size, in pixels.
  case mixedSizes(width: Int, height: Int, otherWidth: Int, otherHeight: Int)
  /// The background does not stand still; `share` is the part of the pixels that differ, 0…1.
  case movingCamera(share: Double)

  /// The error in a sentence: what, where, why, and what to do.
  public var description: String {
    switch self {
    case .unreadable(let path, let reason):
      return "The boxes in \(path) cannot be read: \(reason)."
    case .malformedLine(let path, let line, let text, let reason):
      return "\(path), line \(line): \(reason) in “\(text)”; "
        + "a line is frame,id,left,top,width,height,confidence with frames counted from 1."
    case .empty(let path):
      return "\(path) holds no boxes; a line is frame,id,left,top,width,height,confidence."
    case .noFile(let video, let folder):
      return "The folder \(folder) has no boxes for \(video); name the file as the video, "
        + "with .txt at the end."
    case .noFrames:
      return "The background cannot be learnt: there are no frames."
    case .mixedSizes(let width, let height, let otherWidth, let otherHeight):
      return "The background cannot be learnt from frames of \(width)×\(height) and "
        + "\(otherWidth)×\(otherHeight) pixels; the picture size must stay the same."
    case .movingCamera(let share):
      return "The camera moves or the scene is cut: \(Int((share * 100).rounded())) % of the "
        + "picture differs from its background. The built-in detector needs a static camera; "
        + "give boxes from a file with --detections."
    }
  }
}
