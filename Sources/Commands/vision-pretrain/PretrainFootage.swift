import CommandSupport
import Datasets
import Foundation
import Frames
import Pretraining
import Reports

/// The footage of a run: crops that are there already, or that are being cut beside the training.
struct PretrainFootage {
  /// The crops as they come.
  let feed: CropFeed
  /// Number of videos, those that cannot be used included.
  let videos: Int
  private let known: [VideoOutcome]?
  private let reading: BackgroundExtraction?
  private let display: FootageDisplay

  /// Begins to read the footage; `cut` tells what became of it when an earlier run has read it all.
  init(
    _ items: [FootageItem], of job: PretrainJob, in folder: RunFolder, cut: [VideoOutcome]?,
    session: CommandSession, log: RunLog
  ) throws {
    let display = FootageDisplay(console: session.console)
    self.display = display
    known = cut
    videos = items.count
    if let cut {
      feed = CropFeed(complete: try CropStore(directory: folder.crops))
      for outcome in cut { Self.tell(outcome, log) }
      try folder.write(Self.skipped(cut), to: folder.skipped)
      reading = nil
      return
    }
    let extraction = ExtractionBridge.extraction(of: job)
    let writer = try CropStoreWriter(
      directory: folder.crops, settings: extraction.settings.store)
    let interruption = session.interruption
    let reading = BackgroundExtraction(
      extraction, of: items, into: writer,
      listener: .init(
        progress: { display.show($0) }, finished: { Self.tell($0, log) },
        ended: { try folder.write(Self.skipped($0), to: folder.skipped) }),
      isCancelled: { interruption.isRequested })
    self.reading = reading
    feed = reading.feed
  }

  /// What became of every video; waits until all footage has been read.
  func outcomes() throws -> [VideoOutcome] { try known ?? reading?.outcomes() ?? [] }

  /// Throws if the footage cannot be read to its end.
  func check() throws { try feed.check() }

  /// The percentage that has been read; nil when nothing is left to read.
  var percentage: Double? { feed.isComplete ? nil : display.percentage }

  /// Leaves the terminal to the training.
  func stepBack() { display.stepBack() }

  /// Stops the reading and closes the store.
  func stop() {
    reading?.cancel()
    display.stepBack()
  }

  private static func tell(_ outcome: VideoOutcome, _ log: RunLog) {
    if let reason = outcome.skippedReason {
      log.warning("Skipped \(outcome.name): \(reason)")
    } else {
      log.notice(
        "\(outcome.name): \(FileCounts(outcome, pairs: nil).summary)"
          + (outcome.isResumed ? " (from the cache)" : "")
          + (outcome.note.map { "; \($0)" } ?? ""))
    }
  }

  /// The content of `skipped.txt`.
  private static func skipped(_ outcomes: [VideoOutcome]) -> String {
    SkippedList(
      outcomes.lazy.compactMap { outcome in
        outcome.skippedReason.map { (path: outcome.path, reason: $0) }
      }
    ).text
  }
}
