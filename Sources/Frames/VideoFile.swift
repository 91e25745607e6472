import CMedia
import Images

/// A video file, decoded by FFmpeg from its start to its end.
final class VideoFile: FrameSource {
  let information: VideoInformation
  private let path: String
  private let handle: OpaquePointer

  /// Opens a file and decodes its first frame.
  init(path: String, maximumHeight: Int?, threads: Int) throws(VideoError) {
    var opened: OpaquePointer?
    var facts = vision_video_information()
    var text = [CChar](repeating: 0, count: Int(VISION_VIDEO_MESSAGE))
    let result = vision_video_open(
      path, Int32(clamping: threads), Int32(clamping: maximumHeight ?? 0), &opened, &facts, &text)
    guard let handle = opened else {
      throw Self.error(path: path, result: result, reason: String(message: text))
    }
    self.path = path
    self.handle = handle
    information = VideoInformation(
      width: Int(facts.width), height: Int(facts.height), frameWidth: Int(facts.output_width),
      frameHeight: Int(facts.output_height),
      codec: withUnsafeBytes(of: facts.codec) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      },
      framesPerSecond: facts.frames_per_second,
      durationSeconds: facts.duration_seconds >= 0 ? facts.duration_seconds : nil,
      frameCountEstimate: facts.frame_count >= 0 ? Int(facts.frame_count) : nil,
      timeBase: TimeBase(
        numerator: max(1, Int(facts.time_base_numerator)),
        denominator: max(1, Int(facts.time_base_denominator))))
  }

  deinit { vision_video_close(handle) }

  var health: FrameHealth {
    let counts = vision_video_get_health(handle)
    var health = FrameHealth()
    health.decodedFrames = Int(counts.frames)
    health.damagedPackets = Int(counts.damaged)
    health.isTruncated = counts.truncated != 0
    return health
  }

  func advance() throws(VideoError) -> FrameStep {
    var timestamp: Int64 = 0
    switch Int(vision_video_decode(handle, &timestamp)) {
    case VISION_VIDEO_FRAME: return .frame(timestamp: timestamp)
    case VISION_VIDEO_PENDING: return .pending
    default: return .end
    }
  }

  func picture() throws(VideoError) -> Image? {
    let count = information.frameWidth * information.frameHeight * 3
    var result = Int32(0)
    let pixels = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      guard let start = buffer.baseAddress else { return }
      result = vision_video_convert(handle, start)
      if Int(result) == VISION_VIDEO_FRAME { initialized = count }
    }
    guard pixels.count == count else { return nil }
    return Image(width: information.frameWidth, height: information.frameHeight, pixels: pixels)
  }

  private static func error(path: String, result: Int32, reason: String) -> VideoError {
    switch Int(result) {
    case VISION_VIDEO_NOT_VIDEO: .notVideo(path: path, reason: reason)
    case VISION_VIDEO_NO_STREAM: .noVideoStream(path: path)
    case VISION_VIDEO_NO_DECODER: .noDecoder(path: path, reason: reason)
    case VISION_VIDEO_NO_FRAMES: .noFrames(path: path, reason: reason)
    default: .unreadable(path: path, reason: reason)
    }
  }
}
