import Frames
import Images
import Persons

/// Windows of the crop's aspect that cover the whole frame, as few as do without distortion.
struct WholeFrameWindows: BoxProposer {
  let sourceName = "whole frame"
  let usesRules = false
  let refusal: String? = nil

  /// Width of a crop divided by its height.
  let aspect: Double

  func boxes(in frame: Frame, tick: (Int) throws -> Void) -> [PersonBox]? {
    windows(width: Double(frame.image.width), height: Double(frame.image.height)).map {
      PersonBox(rectangle: $0)
    }
  }

  /// The windows, spread evenly along the longer direction; neighbours overlap where the frame's
  /// length is no multiple of theirs.
  func windows(width: Double, height: Double) -> [Rectangle] {
    let windowWidth = min(width, height * aspect)
    let windowHeight = min(height, width / aspect)
    // A sliver beyond whole windows is not worth one more window that would mostly repeat.
    let columns = max(1, Int((width / windowWidth - 0.25).rounded(.up)))
    let rows = max(1, Int((height / windowHeight - 0.25).rounded(.up)))
    let columnStep = columns > 1 ? (width - windowWidth) / Double(columns - 1) : 0
    let rowStep = rows > 1 ? (height - windowHeight) / Double(rows - 1) : 0
    let left = columns > 1 ? 0 : (width - windowWidth) / 2
    let top = rows > 1 ? 0 : (height - windowHeight) / 2
    return (0..<rows).flatMap { row in
      (0..<columns).map { column in
        Rectangle(
          left: left + Double(column) * columnStep, top: top + Double(row) * rowStep,
          width: windowWidth, height: windowHeight)
      }
    }
  }
}
