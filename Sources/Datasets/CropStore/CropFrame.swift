/// The crops of one frame: neighbours in the store.
public struct CropFrame: Sendable, Hashable {
  /// Number of the video in ``CropStore/videos``.
  public var video: Int
  /// Number of the clip in its video.
  public var clip: Int
  /// Number of the frame in decode order, from 0.
  public var frame: Int
  /// Presentation time in seconds.
  public var seconds: Double
  /// Positions of the frame's crops in the store.
  public var crops: Range<Int>
}

extension CropFrame {
  /// Groups neighbouring crops by frame; the first of them has the position `start` in the store.
  static func frames(of entries: [CropTable.Entry], startingAt start: Int = 0) -> [CropFrame] {
    var frames: [CropFrame] = []
    var first = 0
    for index in entries.indices {
      let next = index + 1
      let entry = entries[index]
      if next < entries.count, entries[next].video == entry.video,
        entries[next].frame == entry.frame, entries[next].clip == entry.clip
      {
        continue
      }
      frames.append(
        CropFrame(
          video: Int(entry.video), clip: Int(entry.clip), frame: Int(entry.frame),
          seconds: entry.seconds, crops: (start + first)..<(start + next)))
      first = next
    }
    return frames
  }
}
