import Datasets
import Foundation
import Images

/// Made-up videos whose crops are a function of their position, for crop stores of any length.
struct ExampleFootage {
  struct Video {
    var name: String
    var frames: Int
    var cropsPerFrame: Int
    var skipReason: String?
  }

  static let settings = CropStoreSettings(
    cropWidth: 8, cropHeight: 16, shardCapacity: 5, fingerprint: "test 1")

  /// Names with all that a table or an archive could trip over, one video skipped, one empty.
  static let videos = [
    Video(name: "street.mp4", frames: 4, cropsPerFrame: 3),
    Video(name: "Straße, \"Nord\".avi", frames: 2, cropsPerFrame: 4),
    Video(name: "moving.mkv", frames: 3, cropsPerFrame: 2, skipReason: "the camera moves"),
    Video(name: "empty.mp4", frames: 3, cropsPerFrame: 0),
    Video(name: "two\nlines 東京.mov", frames: 5, cropsPerFrame: 1),
  ]

  static func image(_ seed: Int) -> Image {
    let pixels = (0..<(8 * 16 * 3)).map { UInt8(truncatingIfNeeded: ($0 / 24) * 9 + seed * 37) }
    return Image(width: 8, height: 16, pixels: pixels)
  }

  static func record(_ video: Video, frame: Int, box: Int) -> CropRecord {
    CropRecord(
      video: video.name, clip: frame / 2, frame: frame * 3, timestamp: Int64(frame) * 512,
      seconds: Double(frame) / 30,
      box: Rectangle(left: Double(box) * 10.1, top: -0.25, width: 31.7, height: 64.00000001),
      frameWidth: 640, frameHeight: 480, confidence: 1 / Double(box + 3),
      identity: box == 1 ? nil : box - 1)
  }

  /// Writes all videos that the store does not have yet; stops in front of crop number `limit`.
  ///
  /// Returns false if it stopped.
  static func fill(_ directory: URL, limit: Int = .max) throws -> Bool {
    let writer = try CropStoreWriter(directory: directory, settings: settings)
    var written = 0
    for video in videos where writer.summary(ofVideo: video.name) == nil {
      writer.begin(video: video.name, signature: "\(video.frames)")
      for frame in 0..<video.frames {
        for box in 0..<video.cropsPerFrame {
          guard written < limit else { return false }
          written += 1
          try writer.append(
            record(video, frame: frame, box: box), image: image(frame * 10 + box))
        }
      }
      guard written < limit else { return false }
      if let reason = video.skipReason {
        try writer.skip(frames: video.frames, reason: reason)
      } else {
        try writer.finish(frames: video.frames)
      }
    }
    return true
  }
}
