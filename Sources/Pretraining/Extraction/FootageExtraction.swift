public import Datasets
public import Foundation
public import Frames
import Persons

/// Cuts the persons out of footage and stores them with their provenance.
///
/// Videos are read one after the other, in bounded memory, in an order of which every beginning is
/// spread over the list. Whoever works with the first crops sees the first of these videos alone,
/// unless it is short. A video that
/// cannot be used is skipped with a sentence that says why, and the next one is read. Videos that the
/// store has finished are not read again, so the same call continues an interrupted extraction.
///
/// ```swift
/// let extraction = FootageExtraction(settings: settings)
/// let writer = try CropStoreWriter(directory: folder, settings: settings.store)
/// let outcomes = try extraction.extract(from: try Footage.find(paths), into: writer)
/// ```
public struct FootageExtraction: Sendable {
  /// What decides which crops come out.
  public let settings: Settings
  /// A file of boxes, or a folder with one per video; nil to look beside each video.
  public let detections: URL?
  /// Threads of the video decoder.
  public let decoderThreads: Int

  /// Makes an extraction.
  public init(settings: Settings = Settings(), detections: URL? = nil, decoderThreads: Int = 2) {
    precondition(
      settings.samplingRate > 0 && settings.samplingRate.isFinite,
      "FootageExtraction: samplingRate \(settings.samplingRate) must be above 0")
    precondition(
      settings.backgroundSeconds > 0,
      "FootageExtraction: backgroundSeconds \(settings.backgroundSeconds) must be above 0")
    self.settings = settings
    self.detections = detections
    self.decoderThreads = decoderThreads
  }

  /// Extracts the crops of each item, in the order of ``SpreadOrder``.
  ///
  /// - Parameters:
  ///   - items: the footage; names must differ.
  ///   - writer: a store opened with the ``Settings/store`` of these settings.
  ///   - progress: called after every frame.
  ///   - newFrames: called with the frames whose crops can be read from the writer's store.
  ///   - finished: called with the outcome of every video.
  ///   - isCancelled: asked before every frame.
  /// - Returns: one outcome per item, in the order given; an unusable video has a ``VideoOutcome/skippedReason``.
  /// - Throws: `CancellationError` if cancelled, after which the writer is used up, while its store
  ///   keeps the finished videos; `DatasetError` if the store cannot be written;
  ///   ``ExtractionError`` if boxes and videos do not fit together, or if footage that could be
  ///   opened when it was found cannot be opened any more; `DetectionError` if there are no detections
  ///   at the path named.
  public func extract(
    from items: [FootageItem], into writer: CropStoreWriter,
    progress: (ExtractionProgress) -> Void = { _ in },
    newFrames: ([CropFrame]) -> Void = { _ in }, finished: (VideoOutcome) -> Void = { _ in },
    isCancelled: () -> Bool = { false }
  ) throws -> [VideoOutcome] {
    try checkDetections(items)
    // Looked up before the first video: what goes away later is missed, not taken for never there.
    let boxFiles = items.map(boxFile(of:))
    var outcomes: [Int: VideoOutcome] = [:]
    for (position, index) in SpreadOrder(count: items.count).enumerated() {
      let item = items[index]
      func note(_ outcome: VideoOutcome) {
        outcomes[index] = outcome
        finished(outcome)
      }
      let boxes = boxFiles[index]
      let signature = FootageSignature(paths: [item.path] + boxes.paths).text
      let gone = Self.gone(item, boxes)
      if let summary = writer.summary(ofVideo: item.name) {
        // Footage of which the store has all crops is not needed any more.
        guard gone != nil || summary.signature == signature else {
          throw ExtractionError.videoChanged(name: item.name, store: writer.directory.path)
        }
        note(Self.outcome(of: item, summary))
        continue
      }
      if let gone { throw gone }
      let start = ContinuousClock.now
      var video = VideoExtraction(
        item: item, settings: settings, boxFile: boxes, decoderThreads: decoderThreads,
        report: ExtractionProgress(
          video: position + 1, videos: items.count, name: item.name, stage: .crops, frames: 0,
          crops: 0))
      writer.begin(video: item.name, signature: signature)
      try video.run(
        into: writer, progress: progress, newFrames: newFrames, isCancelled: isCancelled)
      video.outcome.elapsedSeconds = (ContinuousClock.now - start) / .seconds(1)
      note(video.outcome)
    }
    return items.indices.compactMap { outcomes[$0] }
  }

  /// The outcomes of footage whose every item the store has finished or skipped under these settings.
  ///
  /// Neither the footage nor its boxes are looked at, so they may be gone.
  /// - Returns: one outcome per item, or nil if an item is yet to be read or the settings differ.
  public func outcomes(of items: [FootageItem], in store: CropStore) -> [VideoOutcome]? {
    guard store.settings == settings.store else { return nil }
    let summaries = Dictionary(store.videos.map { ($0.name, $0) }) { first, _ in first }
    let outcomes = items.compactMap { item in
      summaries[item.name].map { Self.outcome(of: item, $0) }
    }
    return outcomes.count == items.count ? outcomes : nil
  }

  /// Checks, before anything is written, that the footage is there and the boxes named go with it.
  ///
  /// - Parameters:
  ///   - items: the footage.
  ///   - boxes: files of boxes that were found when the run began, by the names of their items.
  ///   - store: the crops of earlier parts of the run; the footage of its videos may be gone.
  /// - Throws: ``ExtractionError`` if one file of boxes is named for several videos, or if footage or
  ///   boxes are gone; `DetectionError` if there are no boxes at the path named.
  public func check(
    _ items: [FootageItem], boxes: [String: String] = [:], in store: CropStore? = nil
  ) throws {
    try checkDetections(items)
    let done = Set(store?.videos.map(\.name) ?? [])
    for item in items where !done.contains(item.name) {
      if let gone = Self.gone(item, .none) { throw gone }
      if let path = boxes[item.name], let reason = BoxFile.problem(of: path) {
        throw ExtractionError.footageGone(path: path, reason: reason)
      }
    }
  }

  /// The file from which an item's boxes would come; nil if there is none.
  public func boxPath(of item: FootageItem) -> String? { boxFile(of: item).paths.first }

  /// What is missing of footage that could be opened when it was found; nil if it still can.
  static func gone(_ item: FootageItem, _ boxes: BoxFile) -> ExtractionError? {
    guard item.problem == nil else { return nil }
    if let reason = item.presentProblem {
      return .footageGone(path: item.path, reason: reason)
    }
    return boxes.paths.lazy.compactMap { path in
      BoxFile.problem(of: path).map { .footageGone(path: path, reason: $0) }
    }.first
  }

  private func checkDetections(_ items: [FootageItem]) throws {
    guard let detections, settings.boxSource != .wholeFrame else { return }
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: detections.path, isDirectory: &isFolder) else {
      throw DetectionError.unreadable(
        path: detections.path, reason: "there is no such file or folder")
    }
    if !isFolder.boolValue, items.count > 1 {
      throw ExtractionError.boxesForOneVideo(path: detections.path, videos: items.count)
    }
  }

  /// Where the boxes of an item would come from, without reading the item.
  ///
  /// - Returns: the source in words, and why it cannot be used where it cannot.
  public func boxes(of item: FootageItem) -> (source: String, problem: String?) {
    let boxFile = boxFile(of: item)
    switch boxFile {
    case .none: return (settings.boxSource == .wholeFrame ? "whole frames" : "detector", nil)
    case .missing(let reason): return ("", reason)
    case .file(let url), .sidecar(let url):
      do throws(DetectionError) {
        return ("\(try Detections(contentsOf: url).count) from \(url.lastPathComponent)", nil)
      } catch {
        return ("", boxFile.reason(for: error.description))
      }
    }
  }

  private func boxFile(of item: FootageItem) -> BoxFile {
    let video = URL(fileURLWithPath: item.path)
    switch settings.boxSource {
    case .wholeFrame,
      .staticCamera where detections == nil:
      return .none
    case .automatic, .file, .staticCamera:
      if let detections {
        do throws(DetectionError) {
          return .file(try Detections.file(at: detections, for: video))
        } catch {
          return .missing(reason: error.description)
        }
      }
      if let sidecar = Detections.sidecar(of: video) { return .sidecar(sidecar) }
      guard settings.boxSource == .file else { return .none }
      return .missing(
        reason: "There is no file of boxes beside “\(item.path)”; "
          + "put one there under the video's name with .txt at the end.")
    }
  }

  private static func outcome(of item: FootageItem, _ summary: VideoSummary) -> VideoOutcome {
    var outcome = VideoOutcome(name: item.name, path: item.path)
    outcome.frames = summary.frames
    outcome.crops = summary.crops
    (outcome.boxes, outcome.clips) = (summary.boxes, summary.clips)
    outcome.isResumed = true
    switch summary.outcome {
    case .skipped: outcome.skippedReason = summary.reason
    case .finished: outcome.note = summary.reason.isEmpty ? nil : summary.reason
    }
    return outcome
  }
}
