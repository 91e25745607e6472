import Frames
import Images
import Persons

/// Boxes from the built-in detector, whose background is learnt by a second reader that runs ahead.
///
/// Each stretch of the video has its own background, so that memory stays bounded and a long video
/// may change its light. A stretch in which the camera moves has no boxes.
struct StaticCameraBoxes: BoxProposer {
  let sourceName = "static-camera detector"
  let usesRules = true
  private(set) var refusal: String?

  private let settings: FootageExtraction.Settings
  private let ahead: VideoReader
  private let stretchSeconds: Double
  private var pending: Frame?
  private var isAheadDone = false
  private var end = -Double.infinity
  private var detector: StaticCameraDetector?

  /// Samples looked at per place of the background sampler: more than one, because the announced
  /// length of a video may be far too long.
  private static let oversampling = 4.0
  /// Fewer samples than this at the end of a video do not make a background of their own.
  private static let minimumSamples = 15

  init(
    path: String, settings: FootageExtraction.Settings, information: VideoInformation,
    decoderThreads: Int
  ) throws(VideoError) {
    self.settings = settings
    let duration = information.durationSeconds.flatMap { $0 > 0 ? $0 : nil }
    // A rest of less than half a stretch joins the stretch before it.
    let isSingle = duration.map { $0 < settings.backgroundSeconds * 1.5 } ?? false
    stretchSeconds = isSingle ? .infinity : settings.backgroundSeconds
    let span = min(duration ?? settings.backgroundSeconds, settings.backgroundSeconds * 1.5)
    let rate = Self.oversampling * Double(BackgroundSampler().capacity) / span
    ahead = try settings.reader(
      of: path, samplingRate: min(settings.samplingRate, rate), threads: decoderThreads)
  }

  mutating func boxes(in frame: Frame, tick: (Int) throws -> Void) throws -> [PersonBox]? {
    if frame.seconds >= end { try learn(from: frame.seconds, tick: tick) }
    guard let detector else { return isAheadDone ? nil : [] }
    return detector.boxes(in: frame.image)
  }

  private mutating func learn(from start: Double, tick: (Int) throws -> Void) throws {
    end = start + stretchSeconds
    var sampler = BackgroundSampler()
    var count = 0
    while let frame = try nextAhead() {
      guard frame.seconds < end else {
        pending = frame
        break
      }
      count += 1
      try tick(count)
      sampler.append(frame.image)
    }
    if detector != nil, sampler.frames.count < Self.minimumSamples {
      end = .infinity
      return
    }
    do throws(DetectionError) {
      let learnt = try StaticCameraDetector(
        backgroundFrom: sampler.frames, settings: settings.detector)
      try learnt.requireStaticCamera()
      detector = learnt
    } catch {
      detector = nil
      refusal = refusal ?? error.description
    }
  }

  private mutating func nextAhead() throws(VideoError) -> Frame? {
    if let frame = pending {
      pending = nil
      return frame
    }
    guard !isAheadDone else { return nil }
    let frame = try ahead.next()
    isAheadDone = frame == nil
    return frame
  }
}
