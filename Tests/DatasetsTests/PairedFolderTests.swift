import Datasets
import Foundation
import Images
import Testing

/// Arrangements of restoration data sets, with a few made pictures each.
@Suite struct PairedFolderTests {
  private func withPictures(_ names: [String], _ body: (URL) throws -> Void) throws {
    let root = FileManager.default.temporaryDirectory
      .appendingPathComponent("pairs-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: root) }
    let picture = Image(width: 4, height: 4, red: 90, green: 80, blue: 70)
    for name in names {
      let file = root.appendingPathComponent(name)
      try FileManager.default.createDirectory(
        at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try picture.write(to: file)
    }
    try body(root)
  }

  @Test func `clean pictures without a spoiled one are named`() throws {
    try withPictures(["input/a.png", "target/a.png", "target/b.png"]) { root in
      let folder = try PairedFolder(root: root)
      #expect(folder.unsplit.count == 1)
      #expect(folder.skipped.map(\.path).allSatisfy { $0.hasSuffix("target/b.png") })
      #expect(folder.skipped.map(\.reason) == ["no spoiled picture goes with it"])
    }
  }

  struct Layout: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let names: [String]
    let train: Int
    let test: Int
    let unsplit: Int
  }

  static let layouts = [
    Layout(
      testDescription: "input and target",
      names: ["input/a.png", "target/a.png", "input/b.jpg", "target/b.png"], train: 0, test: 0,
      unsplit: 2),
    Layout(
      testDescription: "LOL",
      names: [
        "our485/low/2.png", "our485/high/2.png", "eval15/low/1.png", "eval15/high/1.png",
      ], train: 1, test: 1, unsplit: 0),
    Layout(
      testDescription: "GoPro",
      names: [
        "train/GOPR0372_07_00/blur/000047.png", "train/GOPR0372_07_00/sharp/000047.png",
        "test/GOPR0384_11_00/blur/000001.png", "test/GOPR0384_11_00/sharp/000001.png",
      ], train: 1, test: 1, unsplit: 0),
    Layout(
      testDescription: "Rain13K",
      names: [
        "train/Rain13K/input/1.jpg", "train/Rain13K/target/1.jpg", "test/Rain100L/input/1.png",
        "test/Rain100L/target/1.png", "test/Test100/input/1.png", "test/Test100/target/1.png",
      ], train: 1, test: 2, unsplit: 0),
    Layout(
      testDescription: "rain and norain names",
      names: ["rain/rain-001.png", "norain/norain-001.png"], train: 0, test: 0, unsplit: 1),
    Layout(
      testDescription: "RESIDE, several hazy pictures of one clean",
      names: ["test/hazy/1400_1.png", "test/hazy/1400_2.png", "test/gt/1400.png"], train: 0,
      test: 2, unsplit: 0),
    Layout(
      testDescription: "SIDD-Medium",
      names: [
        "data/0001_001/0001_NOISY_SRGB_010.png",
        "data/0001_001/0001_GT_SRGB_010.png",
      ], train: 0, test: 0, unsplit: 1),
  ]

  @Test(arguments: layouts)
  func `pairs are found`(_ layout: Layout) throws {
    try withPictures(layout.names) { root in
      let folder = try PairedFolder(root: root)
      #expect(folder.train.count == layout.train && folder.test.count == layout.test)
      #expect(folder.unsplit.count == layout.unsplit)
      #expect(try PairedFolder.holdsPairs(root))
      for pair in folder.train + folder.test + folder.unsplit {
        #expect(pair.clean != pair.degraded)
      }
    }
  }

  @Test func `a spoiled picture without its clean one is named`() throws {
    try withPictures(["train/low/1.png", "train/low/7.png", "train/high/1.png"]) { root in
      let error = #expect(throws: DatasetError.self) { try PairedFolder(root: root) }
      let text = try #require(error).description
      #expect(text.contains("“7”") && text.contains("train/low") && text.contains("2 spoiled"))
    }
  }

  @Test func `clean pictures alone are no pairs`() throws {
    try withPictures(["a.png", "more/b.png"]) { root in
      #expect(try !PairedFolder.holdsPairs(root))
      let error = #expect(throws: DatasetError.self) { try PairedFolder(root: root) }
      let text = try #require(error).description
      #expect(text.contains("input/ and target/"))
    }
  }
}
