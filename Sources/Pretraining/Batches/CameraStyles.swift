import Batches
import Images

/// The colours of every camera of which enough has been seen.
///
/// A video is measured on its first crops, a power of two of them, and measured anew when their number
/// has doubled or when all footage has been read; so the styles of a step depend on what it may see
/// and on nothing else.
struct CameraStyles {
  private struct Measurement {
    var crops: Int
    var style: CameraStyle
  }

  private let source: CropSource
  private var measurements: [Int: Measurement] = [:]
  /// Fewer crops than this tell little about a camera of which more is to come.
  private static let minimum = 16
  /// Enough crops for a mean and a deviation.
  private static let perVideo = 128
  /// Crops that are looked at in all, so that a thousand short videos do not take minutes.
  private static let total = 8192

  init(source: CropSource) {
    self.source = source
  }

  /// The styles by number of video for the crops that a step may see.
  mutating func styles(of crops: VisibleCrops) throws -> [Int: CameraStyle] {
    let videos = crops.videos
    let most = max(Self.minimum, min(Self.perVideo, Self.total / max(videos.count, 1)))
    for (video, range) in videos {
      var count = range.count
      if !crops.isEverything {
        guard count >= Self.minimum else {
          measurements[video] = nil
          continue
        }
        count = 1 << (Int.bitWidth - 1 - count.leadingZeroBitCount)
      }
      guard measurements[video]?.crops != count else { continue }
      let images = try stride(from: 0, to: count, by: max(1, count / most)).map {
        try source.image(at: range.lowerBound + $0)
      }
      measurements[video] = Measurement(crops: count, style: CameraStyle(of: images))
    }
    return measurements.filter { videos[$0.key] != nil }.mapValues(\.style)
  }
}
