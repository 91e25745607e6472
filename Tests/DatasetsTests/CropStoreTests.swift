import Datasets
import Foundation
import Images
import Testing

struct CropStoreTests {
  @Test func `what is written is read back`() throws {
    let folder = try TemporaryFolder()
    #expect(try ExampleFootage.fill(folder.url))
    let store = try CropStore(directory: folder.url)
    var expected: [(CropRecord, Image)] = []
    for video in ExampleFootage.videos where video.skipReason == nil {
      for frame in 0..<video.frames {
        for box in 0..<video.cropsPerFrame {
          expected.append(
            (
              ExampleFootage.record(video, frame: frame, box: box),
              ExampleFootage.image(frame * 10 + box)
            ))
        }
      }
    }
    #expect(store.count == 25)
    #expect(store.records.elementsEqual(expected.map(\.0)))
    #expect(store.settings == ExampleFootage.settings)
    for index in store.records.indices {
      let image = try store.image(at: index)
      let differences = zip(image.pixels, expected[index].1.pixels).map { abs(Int($0) - Int($1)) }
      #expect(differences.max() ?? 255 < 24)
      #expect(try store.jpeg(at: index) == expected[index].1.encodedJPEG(quality: 95))
    }
  }

  @Test func `the fate of each video is kept`() throws {
    let folder = try TemporaryFolder()
    #expect(try ExampleFootage.fill(folder.url))
    let videos = try CropStore(directory: folder.url).videos
    #expect(videos.map(\.name) == ExampleFootage.videos.map(\.name))
    #expect(videos.map(\.crops) == [12, 8, 0, 0, 5])
    #expect(videos.map(\.frames) == [4, 2, 3, 3, 5])
    #expect(videos.map(\.shards.count) == [3, 2, 0, 0, 1])
    #expect(videos[2].outcome == .skipped)
    #expect(videos[2].reason == "the camera moves")
    #expect(videos[4].signature == "5")
    let names = try folder.contents().keys.sorted()
    #expect(
      names == (0..<6).map { "crops-00000\($0).tar" } + ["manifest.csv", "store.json"])
  }

  @Test func `frames group neighbouring crops`() throws {
    let folder = try TemporaryFolder()
    #expect(try ExampleFootage.fill(folder.url))
    let store = try CropStore(directory: folder.url)
    let frames = store.frames()
    #expect(frames.map(\.crops.count) == [3, 3, 3, 3, 4, 4, 1, 1, 1, 1, 1])
    #expect(frames[5].frame == 3)
    #expect(frames[5].video == 1)
    #expect(frames[2].clip == 1)
    #expect(frames.flatMap(\.crops) == Array(0..<25))
    #expect(store.key(at: 4) == "v00000-f00000003-b001")
    #expect(store.video(at: 24) == 4)
  }

  @Test func `two runs give equal bytes`() throws {
    let first = try TemporaryFolder()
    let second = try TemporaryFolder()
    #expect(try ExampleFootage.fill(first.url))
    #expect(try ExampleFootage.fill(second.url))
    #expect(try first.contents() == second.contents())
  }

  @Test func `many threads read one store`() async throws {
    let folder = try TemporaryFolder()
    #expect(try ExampleFootage.fill(folder.url))
    let store = try CropStore(directory: folder.url)
    let expected = try (0..<25).map { try store.jpeg(at: $0) }
    try await withThrowingTaskGroup(of: Bool.self) { group in
      for worker in 0..<8 {
        group.addTask {
          try (0..<100).allSatisfy { step in
            let index = (step * 7 + worker) % 25
            return try store.jpeg(at: index) == expected[index]
          }
        }
      }
      for try await isEqual in group { #expect(isEqual) }
    }
  }

  @Test func `a store without crops is a store`() throws {
    let folder = try TemporaryFolder()
    let writer = try CropStoreWriter(directory: folder.url, settings: ExampleFootage.settings)
    #expect(writer.videos.isEmpty)
    let store = try CropStore(directory: folder.url)
    #expect(store.count == 0)
    #expect(store.frames().isEmpty)
  }

  @Test func `other settings are refused with both`() throws {
    let folder = try TemporaryFolder()
    #expect(try ExampleFootage.fill(folder.url))
    var settings = ExampleFootage.settings
    settings.fingerprint = "test 2"
    let text = message {
      _ = try CropStoreWriter(directory: folder.url, settings: settings)
    }
    #expect(text.contains("test 1") && text.contains("test 2") && text.contains("delete"))
    try FileManager.default.removeItem(at: folder.url)
    _ = try CropStoreWriter(directory: folder.url, settings: settings)
  }

  @Test func `files of others are not touched`() throws {
    let folder = try TemporaryFolder()
    try folder.write("notes.txt", "mine")
    let text = message {
      _ = try CropStoreWriter(directory: folder.url, settings: ExampleFootage.settings)
    }
    #expect(text.contains("notes.txt"))
    #expect(try folder.contents().keys.sorted() == ["notes.txt"])
  }

  @Test func `two writers do not meet`() throws {
    let folder = try TemporaryFolder()
    let writer = try CropStoreWriter(directory: folder.url, settings: ExampleFootage.settings)
    let text = message {
      _ = try CropStoreWriter(directory: folder.url, settings: ExampleFootage.settings)
    }
    #expect(text.contains("another process"))
    withExtendedLifetime(writer) {}
  }

  @Test func `numbers that no file can carry are refused`() throws {
    let folder = try TemporaryFolder()
    let writer = try CropStoreWriter(directory: folder.url, settings: ExampleFootage.settings)
    writer.begin(video: "street.mp4")
    var record = ExampleFootage.record(ExampleFootage.videos[0], frame: 0, box: 0)
    record.confidence = .nan
    #expect(
      throws: DatasetError.invalidRecord(
        video: "street.mp4", frame: 0, detail: "its time, box or confidence is not a finite number")
    ) { try writer.append(record, image: ExampleFootage.image(1)) }
  }

  @Test func `a folder that cannot be made is an error`() throws {
    let folder = try TemporaryFolder()
    try folder.write("file", "text")
    let text = message {
      _ = try CropStoreWriter(
        directory: folder.url.appendingPathComponent("file/store"),
        settings: ExampleFootage.settings)
    }
    #expect(text.contains("cannot be written"))
    #expect(
      message { _ = try CropStore(directory: folder.url.appendingPathComponent("none")) }
        .contains("does not exist"))
  }
}
