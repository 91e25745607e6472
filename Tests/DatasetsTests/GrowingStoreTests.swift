import Datasets
import Foundation
import Testing

/// A store that is read while it is written.
struct GrowingStoreTests {
  @Test func `what is published can be read at once and stays`() throws {
    let folder = try TemporaryFolder()
    let writer = try CropStoreWriter(directory: folder.url, settings: ExampleFootage.settings)
    let store = writer.store
    var frames: [CropFrame] = []
    var seen: [[UInt8]] = []
    for video in ExampleFootage.videos where video.skipReason == nil {
      writer.begin(video: video.name)
      for frame in 0..<video.frames {
        for box in 0..<video.cropsPerFrame {
          try writer.append(
            ExampleFootage.record(video, frame: frame, box: box),
            image: ExampleFootage.image(frame * 10 + box))
        }
        #expect(store.count == seen.count)
        frames += try writer.publish()
        for index in seen.count..<store.count { seen.append(try store.jpeg(at: index)) }
        #expect(store.count == frames.last?.crops.upperBound ?? 0)
        #expect(store.frames() == frames)
      }
      try writer.finish(frames: video.frames)
    }
    #expect(seen.count > 20 && store.videos.count == 4)
    let opened = try CropStore(directory: folder.url)
    #expect(Array(opened.records) == Array(store.records))
    #expect(opened.frames() == frames && opened.videos == store.videos)
    for index in seen.indices {
      #expect(try opened.jpeg(at: index) == seen[index] && store.jpeg(at: index) == seen[index])
      #expect(opened.key(at: index) == store.key(at: index))
      #expect(opened.identity(at: index) == store.records[index].identity)
    }
  }

  @Test func `a store that is continued begins with what it has`() throws {
    let folder = try TemporaryFolder()
    _ = try ExampleFootage.fill(folder.url, limit: 15)
    let writer = try CropStoreWriter(directory: folder.url, settings: ExampleFootage.settings)
    #expect(writer.store.count == 12 && writer.store.videos.count == 1)
    _ = try writer.store.image(at: 11)
  }

  @Test func `crops of a skipped video go, and their shards are read anew`() throws {
    let folder = try TemporaryFolder()
    let writer = try CropStoreWriter(directory: folder.url, settings: ExampleFootage.settings)
    let (first, second) = (ExampleFootage.videos[0], ExampleFootage.videos[1])
    writer.begin(video: first.name)
    for frame in 0..<4 {
      try writer.append(
        ExampleFootage.record(first, frame: frame, box: 0), image: ExampleFootage.image(frame))
      try writer.publish()
    }
    _ = try writer.store.image(at: 3)
    try writer.skip(reason: "a reason")
    #expect(writer.store.count == 0 && writer.store.frames().isEmpty)
    writer.begin(video: second.name)
    try writer.append(
      ExampleFootage.record(second, frame: 0, box: 0), image: ExampleFootage.image(99))
    #expect(try writer.publish().map(\.video) == [1])
    #expect(writer.store.records[0].video == second.name)
    _ = try writer.store.image(at: 0)
    try writer.finish(frames: 1)
    #expect(try CropStore(directory: folder.url).jpeg(at: 0) == writer.store.jpeg(at: 0))
  }
}
