import Datasets
import Foundation
import Frames
import Images
import Persons

/// Cuts the crops out of one video, for ``FootageExtraction``.
struct VideoExtraction {
  let item: FootageItem
  let settings: FootageExtraction.Settings
  let boxFile: BoxFile
  let decoderThreads: Int
  var report: ExtractionProgress
  var outcome: VideoOutcome

  init(
    item: FootageItem, settings: FootageExtraction.Settings, boxFile: BoxFile,
    decoderThreads: Int, report: ExtractionProgress
  ) {
    self.item = item
    self.settings = settings
    self.boxFile = boxFile
    self.decoderThreads = decoderThreads
    self.report = report
    outcome = VideoOutcome(name: item.name, path: item.path)
  }

  /// Reads the video and commits it to the store, as finished or as skipped.
  ///
  /// - Throws: ``ExtractionError/footageGone(path:reason:)``, and commits nothing, if the video or its
  ///   boxes went away; `DatasetError` if the store cannot be written; `CancellationError`.
  mutating func run(
    into writer: CropStoreWriter, progress: (ExtractionProgress) -> Void,
    newFrames: ([CropFrame]) -> Void, isCancelled: () -> Bool
  ) throws {
    let refusal: String?
    do {
      refusal = try cut(
        into: writer, progress: progress, newFrames: newFrames, isCancelled: isCancelled)
    } catch let error as VideoError {
      refusal = error.description
    } catch let error as DetectionError {
      refusal = boxFile.reason(for: error.description)
    }
    // A disk that was taken away must not leave half a video in the store, or none, for good.
    if refusal != nil || outcome.note != nil || writer.pendingCrops == 0,
      let gone = FootageExtraction.gone(item, boxFile)
    {
      throw gone
    }
    if writer.pendingCrops > 0 {
      // Trouble after good crops leaves a remark; what was read before it is sound.
      outcome.note = [outcome.note, refusal].compactMap(\.self).joined(separator: " ")
      if outcome.note == "" { outcome.note = nil }
      outcome.crops = writer.pendingCrops
      try writer.finish(
        frames: outcome.frames, note: outcome.note ?? "", boxes: outcome.boxes,
        clips: outcome.clips)
    } else {
      let reason = [refusal ?? emptyReason, outcome.note].compactMap(\.self).joined(separator: " ")
      outcome.note = nil
      outcome.skippedReason = reason
      try writer.skip(frames: outcome.frames, reason: reason)
    }
  }

  /// Returns why boxes were refused, or nil.
  private mutating func cut(
    into writer: CropStoreWriter, progress: (ExtractionProgress) -> Void,
    newFrames: ([CropFrame]) -> Void, isCancelled: () -> Bool
  ) throws -> String? {
    if isCancelled() { throw CancellationError() }
    if case .missing(let reason) = boxFile { return reason }
    let reader = try settings.reader(
      of: item.path, samplingRate: settings.samplingRate, threads: decoderThreads)
    var proposer = try makeProposer(information: reader.information)
    outcome.boxSource = proposer.sourceName
    outcome.boxes = 0
    report.expectedFrames = expectedFrames(reader.information)
    defer { note(reader.health) }

    // At low rates every step would otherwise be a gap.
    var shots = ShotDetector(
      threshold: settings.shotThreshold,
      maximumGapSeconds: max(settings.shotGapSeconds, 1.5 / settings.samplingRate))
    var clip = 0
    var firstSeconds: Double?
    while let frame = try reader.next() {
      if isCancelled() { throw CancellationError() }
      let stage = report
      let proposed = try proposer.boxes(in: frame) { count in
        if isCancelled() { throw CancellationError() }
        var ahead = stage
        ahead.stage = .background
        ahead.frames = count
        ahead.expectedFrames = nil
        progress(ahead)
      }
      guard let boxes = proposed else { break }
      if shots.isCut(before: frame) { clip += 1 }
      outcome.frames += 1
      outcome.clips = clip + 1
      outcome.footageSeconds = frame.seconds - (firstSeconds ?? frame.seconds)
      firstSeconds = firstSeconds ?? frame.seconds
      outcome.boxes = (outcome.boxes ?? 0) + boxes.count
      try store(boxes, of: frame, clip: clip, usesRules: proposer.usesRules, in: writer)
      newFrames(try writer.publish())
      report.frames = outcome.frames
      report.crops = writer.pendingCrops
      progress(report)
    }
    return proposer.refusal
  }

  private func makeProposer(information: VideoInformation) throws -> any BoxProposer {
    if settings.boxSource == .wholeFrame {
      return WholeFrameWindows(
        aspect: Double(settings.cropWidth) / Double(settings.cropHeight))
    }
    switch boxFile {
    case .file(let url), .sidecar(let url):
      return FileBoxes(try Detections(contentsOf: url), sourceName: url.path)
    case .none, .missing: break
    }
    return try StaticCameraBoxes(
      path: item.path, settings: settings, information: information,
      decoderThreads: decoderThreads)
  }

  private func store(
    _ boxes: [PersonBox], of frame: Frame, clip: Int, usesRules: Bool, in writer: CropStoreWriter
  ) throws(DatasetError) {
    let image = frame.image
    let kept =
      usesRules
      ? settings.rules.apply(boxes, frameWidth: image.width, frameHeight: image.height) : boxes
    for box in kept {
      let record = CropRecord(
        video: item.name, clip: clip, frame: frame.index, timestamp: frame.timestamp,
        seconds: frame.seconds, box: box.rectangle, frameWidth: image.width,
        frameHeight: image.height, confidence: box.confidence, identity: box.identity)
      try writer.append(
        record,
        image: image.resampled(
          box.rectangle, width: settings.cropWidth, height: settings.cropHeight))
    }
  }

  // MARK: Reports

  private func expectedFrames(_ information: VideoInformation) -> Int? {
    let rate = min(settings.samplingRate, information.framesPerSecond)
    guard let duration = information.durationSeconds, rate > 0, duration > 0 else {
      return information.frameCountEstimate
    }
    let frames = (duration * rate).rounded(.up)
    return frames < 1e9 ? Int(frames) : nil
  }

  private mutating func note(_ health: FrameHealth) {
    var parts: [String] = []
    if health.isTruncated { parts.append("the file ends before its announced end") }
    switch health.damagedPackets {
    case 0: break
    case 1: parts.append("1 packet is damaged")
    default: parts.append("\(health.damagedPackets) packets are damaged")
    }
    guard !parts.isEmpty else { return }
    outcome.note = "“\(item.name)” was read as far as it goes: \(parts.joined(separator: ", "))."
  }

  private var emptyReason: String {
    let boxes = outcome.boxes ?? 0
    guard boxes > 0 else {
      let place = outcome.boxSource.map { " (boxes from: \($0))" } ?? ""
      return "No persons were found in the \(outcome.frames) frames of “\(item.name)”\(place)."
    }
    return "None of the \(boxes) boxes in “\(item.name)” passes the box rules: at least "
      + "\(number(settings.rules.minimumHeight)) pixels high, "
      + "\(number(settings.rules.minimumAspect)) to \(number(settings.rules.maximumAspect)) times "
      + "as high as wide, inside the frame, confidence at least "
      + "\(number(settings.rules.minimumConfidence))."
  }

  private func number(_ value: Double) -> String {
    Int(exactly: value).map(String.init) ?? String(value)
  }
}
