import Frames

extension VideoReader {
  /// All remaining frames.
  func all() throws -> [Frame] {
    var frames: [Frame] = []
    while let frame = try next() { frames.append(frame) }
    return frames
  }
}
