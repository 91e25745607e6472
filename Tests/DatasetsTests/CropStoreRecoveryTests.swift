import Datasets
import Foundation
import Testing

/// A store whose writer was killed must open again and end with the bytes of an undisturbed run.
struct CropStoreRecoveryTests {
  private static let crops = ExampleFootage.videos.reduce(0) { $0 + $1.frames * $1.cropsPerFrame }

  private func undisturbed() throws -> [String: [UInt8]] {
    let folder = try TemporaryFolder()
    #expect(try ExampleFootage.fill(folder.url))
    return try folder.contents()
  }

  @Test func `a stop in front of any crop leads to the same bytes`() throws {
    let expected = try undisturbed()
    for limit in 0...Self.crops {
      let folder = try TemporaryFolder()
      #expect(try ExampleFootage.fill(folder.url, limit: limit) == (limit > Self.crops))
      #expect(try ExampleFootage.fill(folder.url))
      #expect(try folder.contents() == expected, "stopped at crop \(limit)")
    }
  }

  @Test func `files cut at any point lead to the same bytes`() throws {
    let expected = try undisturbed()
    for limit in stride(from: 1, through: Self.crops, by: 3) {
      for part in [0.0, 0.3, 0.99] {
        let folder = try TemporaryFolder()
        _ = try ExampleFootage.fill(folder.url, limit: limit)
        let committed = try manifestBytes(folder)
        for (name, bytes) in try folder.contents() {
          // What was not committed may have reached the disk in any part.
          if name == "manifest.csv" {
            let tail = Array("v00009-f0,\"torn row".utf8)
            let kept = committed + Int(Double(bytes.count - committed) * part)
            try folder.write(name, Array(bytes[..<kept]) + tail)
          } else if name.hasSuffix(".partial") {
            try folder.write(name, Array(bytes[..<Int(Double(bytes.count) * part)]))
          }
        }
        try folder.write("store.json.partial", "{ \"crops\" :")
        try folder.write("crops-000001.tar.partial", "half")
        try folder.write("crops-000999.tar", "never committed")
        #expect(try ExampleFootage.fill(folder.url))
        #expect(try folder.contents() == expected, "stopped at crop \(limit), kept \(part)")
      }
    }
  }

  @Test func `a commit that never happened is done again`() throws {
    let expected = try undisturbed()
    for videos in 0..<ExampleFootage.videos.count {
      // The state right before `store.json` is replaced: later files are there, the old one too.
      let folder = try TemporaryFolder()
      let starts = ExampleFootage.videos.prefix(videos).reduce(0) {
        $0 + $1.frames * $1.cropsPerFrame
      }
      _ = try ExampleFootage.fill(folder.url, limit: starts + 1)
      let old = try #require(try folder.contents()["store.json"])
      #expect(try ExampleFootage.fill(folder.url))
      try folder.write("store.json", old)
      #expect(try ExampleFootage.fill(folder.url))
      #expect(try folder.contents() == expected)
    }
  }

  @Test func `a first start cut off starts anew`() throws {
    let expected = try undisturbed()
    for bytes in [0, 5, 100] {
      let folder = try TemporaryFolder()
      try folder.write("manifest.csv", Array((expected["manifest.csv"] ?? []).prefix(bytes)))
      if bytes == 5 { try folder.write("store.json.partial", "{") }
      #expect(try ExampleFootage.fill(folder.url))
      #expect(try folder.contents() == expected)
    }
  }

  @Test func `readers see only what is committed`() throws {
    let folder = try TemporaryFolder()
    let writer = try CropStoreWriter(directory: folder.url, settings: ExampleFootage.settings)
    let video = ExampleFootage.videos[0]
    writer.begin(video: video.name)
    for frame in 0..<12 {
      try writer.append(
        ExampleFootage.record(video, frame: frame, box: 0), image: ExampleFootage.image(frame))
    }
    #expect(writer.pendingCrops == 12)
    #expect(try CropStore(directory: folder.url).count == 0)
    try writer.finish(frames: 12, note: "truncated at 12 s")
    #expect(writer.store.count == 12)
    let store = try CropStore(directory: folder.url)
    #expect(store.count == 12)
    #expect(store.videos[0].reason == "truncated at 12 s")
    for index in 0..<store.count { _ = try store.image(at: index) }
  }

  @Test func `a damaged committed file is told, not overwritten`() throws {
    let folder = try TemporaryFolder()
    #expect(try ExampleFootage.fill(folder.url))
    let shard = try #require(try folder.contents()["crops-000001.tar"])
    try folder.write("crops-000001.tar", Array(shard.dropLast(600)))
    for text in [
      message { _ = try CropStore(directory: folder.url) },
      message { _ = try ExampleFootage.fill(folder.url) },
    ] {
      #expect(text.contains("crops-000001.tar has \(shard.count - 600) bytes"))
    }
    try FileManager.default.removeItem(at: folder.url.appendingPathComponent("crops-000001.tar"))
    #expect(message { _ = try CropStore(directory: folder.url) }.contains("is missing"))
  }

  @Test func `a manifest cut anywhere is told`() throws {
    let folder = try TemporaryFolder()
    #expect(try ExampleFootage.fill(folder.url))
    let manifest = try #require(try folder.contents()["manifest.csv"])
    for length in stride(from: 0, to: manifest.count, by: 97) {
      try folder.write("manifest.csv", Array(manifest[..<length]))
      #expect(message { _ = try CropStore(directory: folder.url) }.contains("manifest.csv has"))
    }
    var changed = manifest
    let comma = try #require(changed.firstIndex(of: 44))
    changed[comma] = 59
    try folder.write("manifest.csv", changed)
    #expect(message { _ = try CropStore(directory: folder.url) }.contains("header"))
    changed = manifest
    let row = try #require(changed.firstIndex(of: 10))
    changed[row + 40] = 44
    try folder.write("manifest.csv", changed)
    #expect(message { _ = try CropStore(directory: folder.url) }.contains("line 2 of manifest.csv"))
    try folder.write("store.json", "not json")
    #expect(message { _ = try CropStore(directory: folder.url) }.contains("store.json"))
  }

  @Test func `bytes overwritten in a shard are told`() throws {
    let folder = try TemporaryFolder()
    #expect(try ExampleFootage.fill(folder.url))
    let shard = try #require(try folder.contents()["crops-000000.tar"])
    // The first sample's header, then its picture.
    for position in [3, 513] {
      var changed = shard
      changed[position] ^= 0xFF
      try folder.write("crops-000000.tar", changed)
      let store = try CropStore(directory: folder.url)
      let text = message { _ = try store.image(at: 0) }
      #expect(text.contains("crops-000000.tar") && text.contains("v00000-f00000000-b000"))
      #expect(text.contains("corrupt"))
      _ = try store.image(at: 1)
    }
  }

  private func manifestBytes(_ folder: TemporaryFolder) throws -> Int {
    struct Description: Decodable { var manifestBytes: Int }
    let data = Data(try folder.contents()["store.json"] ?? [])
    return try JSONDecoder().decode(Description.self, from: data).manifestBytes
  }
}
