import Foundation
import Images

/// A folder of numbered pictures, read like a video.
///
/// Time stamps are the places in the series, from 0; the time base is one over the given rate.
/// A gap in the numbers is no gap in time. Pictures that cannot be read are passed over and
/// counted as damaged.
final class NumberedFrameFolder: FrameSource {
  let information: VideoInformation
  private(set) var health = FrameHealth()
  private let folder: String
  private let names: [String]
  /// Place of the current frame.
  private var position = -1
  /// The first readable picture, kept from opening until it is asked for.
  private var first: (position: Int, image: Image)?
  /// Size of the pictures in the files.
  private let width: Int
  private let height: Int

  /// Lists a folder and reads its first frame.
  init(path: String, framesPerSecond: Double, maximumHeight: Int?) throws(VideoError) {
    let listed = try FootageSearch.names(in: path)
    guard let series = NumberedFrames(in: listed) else {
      let pictures = listed.count(where: NumberedFrames.isPicture)
      throw VideoError.notNumberedFrames(
        path: path,
        reason: pictures == 0
          ? "it holds no pictures"
          : """
          its \(pictures) pictures do not form one series of two or more numbered names such as \
          000001.jpg, 000002.jpg
          """)
    }
    var found: (position: Int, image: Image)?
    var reason = ""
    for (position, name) in series.names.enumerated() where found == nil {
      do {
        found = (position, try Image(contentsOf: Self.file(name, in: path)))
      } catch {
        if reason.isEmpty { reason = "\(error)" }
      }
    }
    guard let found else {
      throw VideoError.noFrames(path: path, reason: "none of its pictures is readable: \(reason)")
    }
    folder = path
    names = series.names
    first = found
    width = found.image.width
    height = found.image.height
    let scale = min(1, Double(maximumHeight ?? height) / Double(height))
    let timeBase = Self.timeBase(framesPerSecond: framesPerSecond)
    information = VideoInformation(
      width: width, height: height,
      frameWidth: max(1, Int((Double(width) * scale).rounded())),
      frameHeight: max(1, Int((Double(height) * scale).rounded())), codec: "images",
      framesPerSecond: framesPerSecond,
      durationSeconds: timeBase.seconds(of: Int64(series.names.count)),
      frameCountEstimate: series.names.count, timeBase: timeBase)
  }

  func advance() throws(VideoError) -> FrameStep {
    guard position + 1 < names.count else { return .end }
    position += 1
    return .frame(timestamp: Int64(position))
  }

  func picture() throws(VideoError) -> Image? {
    guard let image = image() else {
      health.damagedPackets += 1
      return nil
    }
    guard image.width == width, image.height == height else {
      throw VideoError.frameSizeDiffers(
        path: Self.file(names[position], in: folder).path, width: image.width,
        height: image.height, expectedWidth: width, expectedHeight: height)
    }
    health.decodedFrames += 1
    let isSmaller = information.frameHeight < height || information.frameWidth < width
    return isSmaller
      ? image.resized(width: information.frameWidth, height: information.frameHeight) : image
  }

  private func image() -> Image? {
    if let first, first.position == position {
      self.first = nil
      return first.image
    }
    return try? Image(contentsOf: Self.file(names[position], in: folder))
  }

  private static func file(_ name: String, in folder: String) -> URL {
    URL(fileURLWithPath: folder + "/" + name)
  }

  /// One over a rate as a fraction; rates such as 29.97 keep three digits.
  private static func timeBase(framesPerSecond: Double) -> TimeBase {
    if framesPerSecond.rounded() == framesPerSecond {
      return TimeBase(numerator: 1, denominator: Int(framesPerSecond))
    }
    return TimeBase(
      numerator: 1000, denominator: max(1, Int((framesPerSecond * 1000).rounded())))
  }
}
