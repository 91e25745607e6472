import CMedia
import Foundation
public import Images

/// Writes pictures to a video file: H.264, or MPEG-4 where FFmpeg lacks x264, in `yuv420p`.
///
/// The container follows the extension of the path, MP4 where it tells none. The file grows under
/// a temporary name and takes its own with ``finish()``, so that no half-written video is ever
/// found. The same pictures and settings give the same bytes.
///
/// ```swift
/// let writer = try VideoWriter(path: "walk.mp4", width: 640, height: 480, framesPerSecond: 10)
/// for image in images { try writer.append(image) }
/// try writer.finish()
/// ```
public final class VideoWriter {
  /// Where the finished video lies.
  public let path: String
  /// Width of the stored frames in pixels.
  public let width: Int
  /// Height of the stored frames in pixels.
  public let height: Int
  private let temporaryPath: String
  private var handle: OpaquePointer?
  private var nextTimestamp: Int64 = 0

  /// Creates the file.
  ///
  /// - Parameters:
  ///   - path: the video to write; a file there is replaced at the end.
  ///   - width: width of the pictures in pixels; `yuv420p` asks for an even number.
  ///   - height: height of the pictures in pixels, even.
  ///   - framesPerSecond: rate at which time stamps are counted.
  ///   - quality: constant rate factor of x264, 0 (without loss) to 51; 18 looks like the source.
  ///   - keyFrameInterval: frames between key frames.
  ///   - rotation: clockwise turn in degrees (0, 90, 180, 270) that a player is told to apply.
  ///   - sampleAspectRatio: width over height of one stored pixel that a player is told to apply.
  ///   - threads: threads of the encoder; the bytes depend on it.
  /// - Throws: ``VideoError/unwritable(path:reason:)``.
  public init(
    path: String, width: Int, height: Int, framesPerSecond: Double, quality: Int = 18,
    keyFrameInterval: Int = 50, rotation: Int = 0,
    sampleAspectRatio: (width: Int, height: Int) = (1, 1), threads: Int = 1
  ) throws(VideoError) {
    precondition(
      [0, 90, 180, 270].contains(rotation), "VideoWriter: rotation \(rotation) is no quarter turn")
    precondition(
      sampleAspectRatio.width > 0 && sampleAspectRatio.height > 0,
      "VideoWriter: sampleAspectRatio \(sampleAspectRatio) must be positive")
    precondition(
      framesPerSecond >= 0.01 && framesPerSecond <= 1000,
      "VideoWriter: framesPerSecond \(framesPerSecond) must lie in 0.01…1000")
    precondition((0...51).contains(quality), "VideoWriter: quality \(quality) must lie in 0…51")
    guard width > 0, height > 0, width.isMultiple(of: 2), height.isMultiple(of: 2),
      width <= 16384, height <= 16384
    else {
      throw VideoError.unwritable(
        path: path, reason: "\(width)×\(height) pixels is no even size of at most 16384")
    }
    self.path = path
    self.width = width
    self.height = height
    temporaryPath = path + ".partial"
    var settings = vision_video_settings()
    settings.width = Int32(width)
    settings.height = Int32(height)
    settings.frames_per_second = framesPerSecond
    settings.quality = Int32(quality)
    settings.key_frame_interval = Int32(clamping: keyFrameInterval)
    settings.threads = Int32(clamping: threads)
    settings.rotation = Int32(rotation)
    settings.sample_aspect_numerator = Int32(clamping: sampleAspectRatio.width)
    settings.sample_aspect_denominator = Int32(clamping: sampleAspectRatio.height)
    var message = [CChar](repeating: 0, count: Int(VISION_VIDEO_MESSAGE))
    guard vision_video_create(temporaryPath, path, &settings, &handle, &message) >= 0 else {
      throw VideoError.unwritable(path: path, reason: String(message: message))
    }
  }

  deinit { discard() }

  /// Appends a picture, one frame after the last or at a later time.
  ///
  /// - Parameters:
  ///   - image: a picture of the size given to the initializer.
  ///   - timestamp: time in frames from the start, later than that of the picture before; `nil`
  ///     is one frame after it.
  /// - Throws: ``VideoError/unwritable(path:reason:)``, after which nothing more can be written.
  public func append(_ image: Image, at timestamp: Int64? = nil) throws(VideoError) {
    precondition(
      image.width == width && image.height == height,
      "VideoWriter.append: \(image.width)×\(image.height) picture for a \(width)×\(height) video")
    let time = timestamp ?? nextTimestamp
    precondition(
      time >= nextTimestamp, "VideoWriter.append: time stamp \(time) comes before \(nextTimestamp)")
    try run { handle, message in
      vision_video_append(handle, image.pixels, time, &message)
    }
    nextTimestamp = time + 1
  }

  /// Completes the file and gives it its name.
  ///
  /// - Throws: ``VideoError/unwritable(path:reason:)``; the unfinished file is then removed.
  public func finish() throws(VideoError) {
    guard nextTimestamp > 0 else {
      discard()
      throw VideoError.unwritable(path: path, reason: "it was given no picture")
    }
    try run { handle, message in vision_video_finish(handle, &message) }
    vision_video_discard(handle)
    handle = nil
    guard rename(temporaryPath, path) == 0 else {
      let reason = String(cString: strerror(errno))
      unlink(temporaryPath)
      throw VideoError.unwritable(path: path, reason: reason)
    }
  }

  private func run(
    _ step: (OpaquePointer, inout [CChar]) -> Int32
  ) throws(VideoError) {
    guard let handle else {
      throw VideoError.unwritable(path: path, reason: "it was finished or broken off before")
    }
    var message = [CChar](repeating: 0, count: Int(VISION_VIDEO_MESSAGE))
    guard step(handle, &message) >= 0 else {
      discard()
      throw VideoError.unwritable(path: path, reason: String(message: message))
    }
  }

  private func discard() {
    guard let handle else { return }
    vision_video_discard(handle)
    self.handle = nil
    unlink(temporaryPath)
  }
}
