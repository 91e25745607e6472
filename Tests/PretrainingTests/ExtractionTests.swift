import Datasets
import Foundation
import Frames
import Images
import Persons
import Testing

@testable import Pretraining

@Suite("Extraction of crops from footage")
struct ExtractionTests {
  private let scene = ExtractionScene()

  /// Limits for figures of about 50 pixels.
  private var settings: FootageExtraction.Settings {
    var settings = FootageExtraction.Settings()
    settings.cropWidth = 16
    settings.cropHeight = 32
    settings.rules.minimumHeight = 30
    return settings
  }

  private func extract(
    _ folder: URL, settings: FootageExtraction.Settings, detections: URL? = nil,
    store: String = "store", progress: (ExtractionProgress) -> Void = { _ in },
    isCancelled: () -> Bool = { false }
  ) throws -> [VideoOutcome] {
    let writer = try CropStoreWriter(
      directory: folder.appendingPathComponent(store), settings: settings.store)
    let items = try Footage.find([folder.appendingPathComponent("videos").path])
    return try FootageExtraction(settings: settings, detections: detections).extract(
      from: items, into: writer, progress: progress, isCancelled: isCancelled)
  }

  private func withVideos<Result>(_ body: (URL, URL) throws -> Result) throws -> Result {
    try ExtractionScene.withFolder { folder in
      let videos = folder.appendingPathComponent("videos")
      try FileManager.default.createDirectory(at: videos, withIntermediateDirectories: true)
      return try body(folder, videos)
    }
  }

  @Test("Good, truncated, text, empty, and moving videos are told apart")
  func mixedFolder() throws {
    try withVideos { folder, videos in
      let good = videos.appendingPathComponent("a good walk.mp4")
      try scene.write(good) { scene.picture($0) }
      let whole = try Data(contentsOf: good)
      try whole.prefix(200).write(to: videos.appendingPathComponent("b broken.mp4"))
      try Data("not a video\n".utf8).write(to: videos.appendingPathComponent("c text.mp4"))
      try scene.write(videos.appendingPathComponent("d empty.mp4"), frames: 20) {
        scene.picture($0, people: false)
      }
      try scene.write(videos.appendingPathComponent("e moving.mp4"), frames: 30) {
        scene.picture($0, shift: $0 * 5)
      }
      try whole.prefix(whole.count * 3 / 4).write(to: videos.appendingPathComponent("f half.mp4"))

      var stages: Set<ExtractionProgress.Stage> = []
      var last: ExtractionProgress?
      let outcomes = try extract(folder, settings: settings) {
        stages.insert($0.stage)
        if $0.video == 1 { last = $0 }
      }
      #expect(outcomes.map(\.name).first == "a good walk.mp4" && outcomes.count == 6)
      let walk = try #require(outcomes.first)
      #expect(walk.skippedReason == nil && walk.frames == 45 && walk.clips == 1)
      #expect(walk.crops > 40 && walk.crops <= walk.boxes ?? 0)
      #expect(walk.boxSource == "static-camera detector")
      #expect(abs(walk.footageSeconds - 4.4) < 0.01)
      #expect(stages == [.background, .crops])
      #expect(last?.frames == 45 && last?.expectedFrames == 45 && last?.crops == walk.crops)

      // The pictures before the end of a file cut short are good; a remark says that it ends early.
      let half = try #require(outcomes.last)
      #expect(half.skippedReason == nil && half.crops > 0 && half.frames < 45)
      #expect(half.note?.contains("before its announced end") == true)

      let reasons = outcomes.dropFirst().map { $0.skippedReason ?? "not skipped" }
      #expect(reasons[0].contains("b broken.mp4"))
      #expect(reasons[1].contains("c text.mp4") && reasons[1].contains("not a video"))
      #expect(reasons[2].contains("No persons were found in the 20 frames of “d empty.mp4”"))
      #expect(reasons[3].contains("camera moves") && reasons[3].contains("--detections"))

      let store = try CropStore(directory: folder.appendingPathComponent("store"))
      #expect(store.count == walk.crops + half.crops)
      #expect(store.videos.filter { $0.outcome == .skipped }.count == 4)
      try check(store)
    }
  }

  /// Crops must lie on a figure and show its colour in their middle.
  private func check(_ store: CropStore) throws {
    for index in stride(from: 0, to: store.count, by: 7) {
      let record = store.records[index]
      #expect(record.frameWidth == scene.width && record.frameHeight == scene.height)
      #expect(abs(record.seconds - Double(record.frame) / 10) < 0.001)
      #expect(record.identity == nil)
      let overlaps = scene.figures.indices.map {
        scene.box($0, frame: record.frame).intersectionOverUnion(record.box)
      }
      let best = try #require(overlaps.max())
      #expect(best > 0.6)
      let figure = try #require(overlaps.firstIndex(of: best))
      let image = try store.image(at: index)
      let middle = (16 * 16 + 8) * 3
      for channel in 0..<3 {
        let expected = Int(scene.figures[figure].colour[channel])
        #expect(abs(Int(image.pixels[middle + channel]) - expected) < 40)
      }
    }
  }

  @Test("Boxes come from the file beside the video, with identities, in clips")
  func sidecar() throws {
    try withVideos { folder, videos in
      // The cut to a dark wall after 12 frames would be refused by the detector.
      try scene.write(videos.appendingPathComponent("walk.mp4"), frames: 24) {
        scene.picture($0, people: false, dark: $0 >= 12)
      }
      let lines = (1...24).map { "\($0),\($0 % 3),20,30,30,60,0.9\n\($0),9,100,10,30,20,1" }
      try Data(lines.joined(separator: "\n").utf8).write(
        to: videos.appendingPathComponent("walk.txt"))
      let outcome = try #require(try extract(folder, settings: settings).first)
      #expect(outcome.frames == 24 && outcome.boxes == 48 && outcome.crops == 24)
      #expect(outcome.clips == 2)
      #expect(outcome.boxSource?.hasSuffix("walk.txt") == true)
      let store = try CropStore(directory: folder.appendingPathComponent("store"))
      #expect(store.records.map(\.frame) == Array(0..<24))
      #expect(store.records.map(\.clip) == (0..<24).map { $0 < 12 ? 0 : 1 })
      #expect(store.records.map(\.identity) == (1...24).map { $0 % 3 })
      #expect(
        store.records[5].box == Rectangle(left: 20, top: 30, width: 30, height: 60))
      #expect(store.records[5].confidence == 0.9)
    }
  }

  @Test("Frames are sampled by time, and box numbers count all frames")
  func sampling() throws {
    try withVideos { folder, videos in
      try scene.write(videos.appendingPathComponent("walk.mp4"), frames: 21) {
        scene.picture($0)
      }
      let lines = (1...21).map { "\($0),\($0),20,30,30,60,1" }
      let boxes = folder.appendingPathComponent("boxes.csv")
      try Data(lines.joined(separator: "\n").utf8).write(to: boxes)
      var slow = settings
      slow.samplingRate = 2
      let outcome = try #require(
        try extract(folder, settings: slow, detections: boxes).first)
      #expect(outcome.frames == 5 && outcome.crops == 5 && outcome.clips == 1)
      let store = try CropStore(directory: folder.appendingPathComponent("store"))
      #expect(store.records.map(\.frame) == [0, 5, 10, 15, 20])
      #expect(store.records.map(\.identity) == [1, 6, 11, 16, 21])
    }
  }

  @Test("Troubles with files of boxes")
  func boxTroubles() throws {
    try withVideos { folder, videos in
      for name in ["one.mp4", "two.mp4"] {
        try scene.write(videos.appendingPathComponent(name), frames: 3) { scene.picture($0) }
      }
      let boxes = folder.appendingPathComponent("boxes")
      try FileManager.default.createDirectory(at: boxes, withIntermediateDirectories: true)
      try Data("1,1,a,b,c,d\n".utf8).write(to: boxes.appendingPathComponent("one.txt"))
      let outcomes = try extract(folder, settings: settings, detections: boxes)
      let reasons = outcomes.map { $0.skippedReason ?? "not skipped" }
      #expect(reasons[0].contains("one.txt, line 1"))
      #expect(reasons[1].contains("no boxes for two.mp4"))

      #expect(throws: ExtractionError.self) {
        try extract(
          folder, settings: settings, detections: boxes.appendingPathComponent("one.txt"),
          store: "other")
      }
      #expect(throws: DetectionError.self) {
        try extract(
          folder, settings: settings, detections: folder.appendingPathComponent("none"),
          store: "other")
      }
      // A text file that has the name of a video is taken for its boxes, and the reason says so.
      try Data("Filmed on Monday.\n".utf8).write(to: videos.appendingPathComponent("one.txt"))
      let notes = try #require(try extract(folder, settings: settings, store: "notes").first)
      #expect(notes.skippedReason?.contains("was taken for the boxes of the video") == true)
      #expect(notes.skippedReason?.contains("extraction.detector=background") == true)
      try FileManager.default.removeItem(at: videos.appendingPathComponent("one.txt"))
      var fromFile = settings
      fromFile.boxSource = .file
      let missing = try extract(folder, settings: fromFile, store: "third")
      #expect(missing.allSatisfy { $0.skippedReason?.contains("no file of boxes") == true })
    }
  }

  @Test("Boxes that break the rules are named as such")
  func rules() throws {
    try withVideos { folder, videos in
      try scene.write(videos.appendingPathComponent("walk.mp4"), frames: 2) { scene.picture($0) }
      try Data("1,1,20,30,10,25\n2,1,20,30,10,25\n".utf8).write(
        to: videos.appendingPathComponent("walk.txt"))
      let outcome = try #require(try extract(folder, settings: settings).first)
      #expect(outcome.skippedReason?.contains("None of the 2 boxes") == true)
      #expect(outcome.skippedReason?.contains("at least 30 pixels high") == true)
    }
  }

  @Test("Whole frames are covered by windows of the crop's shape")
  func wholeFrame() throws {
    try withVideos { folder, videos in
      try scene.write(videos.appendingPathComponent("any.mp4"), frames: 6) {
        scene.picture($0, shift: $0 * 9)
      }
      var whole = settings
      whole.boxSource = .wholeFrame
      let outcome = try #require(try extract(folder, settings: whole).first)
      #expect(outcome.skippedReason == nil && outcome.frames == 6)
      #expect(outcome.crops == 18)
      let store = try CropStore(directory: folder.appendingPathComponent("store"))
      #expect(store.records.prefix(3).map(\.box.left) == [0, 60, 120])
      #expect(store.records.allSatisfy { $0.box.width == 72 && $0.box.height == 144 })
    }
    let square = WholeFrameWindows(aspect: 1).windows(width: 224, height: 224)
    #expect(square == [Rectangle(left: 0, top: 0, width: 224, height: 224)])
    let tall = WholeFrameWindows(aspect: 1).windows(width: 100, height: 300)
    #expect(tall.map(\.top) == [0, 100, 200])
    let nearly = WholeFrameWindows(aspect: 1).windows(width: 120, height: 100)
    #expect(nearly == [Rectangle(left: 10, top: 0, width: 100, height: 100)])
  }

  @Test("A video that goes away before its turn is missed, not skipped for good")
  func gone() throws {
    try withVideos { folder, videos in
      for name in ["a.mp4", "b.mp4"] {
        try scene.write(videos.appendingPathComponent(name), frames: 30) { scene.picture($0) }
      }
      let away = folder.appendingPathComponent("b.mp4")
      let second = videos.appendingPathComponent("b.mp4")
      let error = #expect(throws: ExtractionError.self) {
        try extract(
          folder, settings: settings,
          progress: { _ in
            try? FileManager.default.moveItem(at: second, to: away)
          })
      }
      guard case .footageGone(let path, _) = error else {
        Issue.record("wrong error: \(String(describing: error))")
        return
      }
      #expect(path == second.path)
      let store = try CropStore(directory: folder.appendingPathComponent("store"))
      #expect(store.videos.map(\.name) == ["a.mp4"])
      try FileManager.default.moveItem(at: away, to: second)
      let outcomes = try extract(folder, settings: settings)
      #expect(outcomes.map(\.isResumed) == [true, false])
      #expect(outcomes.allSatisfy { $0.skippedReason == nil })
    }
  }

  @Test("A cancelled extraction continues to the same store")
  func resume() throws {
    try withVideos { folder, videos in
      for (index, name) in ["a.mp4", "b.mp4", "c.mp4"].enumerated() {
        try scene.write(videos.appendingPathComponent(name), frames: 30) {
          scene.picture($0 + index * 4)
        }
      }
      let direct = try extract(folder, settings: settings, store: "direct")

      var seen = 0
      #expect(throws: CancellationError.self) {
        try extract(
          folder, settings: settings, store: "resumed",
          progress: { if $0.video == 2, $0.stage == .crops { seen += 1 } },
          isCancelled: { seen >= 10 })
      }
      let resumed = try extract(folder, settings: settings, store: "resumed")
      #expect(resumed.map(\.isResumed) == [true, false, false])
      #expect(resumed.map(\.crops) == direct.map(\.crops))
      #expect(resumed.map(\.frames) == direct.map(\.frames))
      let names = try FileManager.default.contentsOfDirectory(
        atPath: folder.appendingPathComponent("direct").path
      ).filter { $0.hasSuffix(".tar") || $0.hasSuffix(".csv") }
      #expect(names.count == 4)
      for name in names {
        #expect(
          FileManager.default.contentsEqual(
            atPath: folder.appendingPathComponent("direct/\(name)").path,
            andPath: folder.appendingPathComponent("resumed/\(name)").path))
      }
      let again = try extract(folder, settings: settings, store: "resumed")
      #expect(again.map(\.isResumed) == [true, true, true])
    }
  }

  @Test("A video that changed since is not mistaken for the stored one")
  func changed() throws {
    try withVideos { folder, videos in
      let video = videos.appendingPathComponent("walk.mp4")
      try scene.write(video, frames: 30) { scene.picture($0) }
      _ = try extract(folder, settings: settings)
      try scene.write(video, frames: 31) { scene.picture($0) }
      let error = #expect(throws: ExtractionError.self) { try extract(folder, settings: settings) }
      #expect("\(try #require(error))".contains("walk.mp4"))
    }
  }

  @Test("A long video learns its background anew where the light changes")
  func stretches() throws {
    try withVideos { folder, videos in
      try scene.write(videos.appendingPathComponent("day and night.mp4"), frames: 90) {
        scene.picture($0 % 45, dark: $0 >= 45)
      }
      let hasty = try extract(folder, settings: settings)
      #expect(hasty.first?.skippedReason != nil)
      var patient = settings
      patient.backgroundSeconds = 4.5
      let outcome = try #require(try extract(folder, settings: patient, store: "other").first)
      #expect(outcome.skippedReason == nil && outcome.clips == 2)
      let store = try CropStore(directory: folder.appendingPathComponent("other"))
      #expect(store.records.contains { $0.frame < 40 } && store.records.contains { $0.frame > 50 })
    }
  }
}
