import Frames
import Persons

/// Boxes from a file.
struct FileBoxes: BoxProposer {
  let sourceName: String
  let usesRules = true
  let refusal: String? = nil

  private let detections: Detections

  init(_ detections: Detections, sourceName: String) {
    self.detections = detections
    self.sourceName = sourceName
  }

  func boxes(in frame: Frame, tick: (Int) throws -> Void) -> [PersonBox]? {
    detections.boxes(frameNumber: frame.index + 1)
  }
}
