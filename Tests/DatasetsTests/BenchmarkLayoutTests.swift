import Datasets
import Foundation
import Images
import Testing

/// Arrangements of public benchmarks, with a few made pictures each.
@Suite struct BenchmarkLayoutTests {
  private func write(_ names: [String], lists: [String: String] = [:], in root: URL) throws {
    let picture = Image(width: 4, height: 8, pixels: [UInt8](repeating: 90, count: 96))
    for name in names {
      let file = root.appendingPathComponent(name)
      try FileManager.default.createDirectory(
        at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try picture.write(to: file)
    }
    for (name, text) in lists {
      try Data(text.utf8).write(to: root.appendingPathComponent(name))
    }
  }

  private func withFolder(_ body: (URL) throws -> Void) throws {
    let root = FileManager.default.temporaryDirectory
      .appendingPathComponent("layout-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: root, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: root) }
    try body(root)
  }

  @Test(arguments: [("train", "test", "V1"), ("mask_train_v2", "mask_test_v2", "V2")])
  func `MSMT17 by its lists`(_ train: String, _ test: String, _ version: String) throws {
    try withFolder { root in
      let names = (0..<2).flatMap { person in
        (1...3).map { "000\(person)/000\(person)_00\($0)_0\($0)_0303morning_0015_0.jpg" }
      }
      try write(
        names.flatMap { ["\(train)/\($0)", "\(test)/\($0)"] },
        lists: [
          "list_train.txt": "\(names[0]) 0\n\(names[3]) 1\n",
          "list_val.txt": "\(names[1]) 0\n",
          "list_query.txt": "\(names[0]) 0\n",
          "list_gallery.txt": "\(names[1]) 0\n\(names[5]) 1\nnowhere/0009_000_01_x.jpg 9\n",
        ], in: root)
      let folder = try PersonFolder(root: root)
      #expect(folder.layout.contains("MSMT17 \(version)"))
      #expect(folder.train.count == 3 && folder.query.count == 1 && folder.gallery.count == 2)
      #expect(folder.gallery.map(\.camera) == [2, 3])
      // Person 0 of the training lists and person 0 of the test lists are two people.
      #expect(Set(folder.train.map(\.person)).isDisjoint(with: folder.gallery.map(\.person)))
      #expect(folder.query[0].person == folder.gallery[0].person)
      #expect(folder.skipped.count == 1)
    }
  }

  @Test func `a list with a strange line is named with its line`() throws {
    try withFolder { root in
      try write(
        ["train/0000/0000_000_01_0303morning_0015_0.jpg"],
        lists: [
          "list_train.txt": "0000/0000_000_01_0303morning_0015_0.jpg\n", "list_query.txt": "",
        ], in: root)
      let error = #expect(throws: DatasetError.self) { try PersonFolder(root: root) }
      let text = try #require(error).description
      #expect(text.contains("list_train.txt") && text.contains("Line 1"))
    }
  }

  @Test func `CUHK03-NP takes the detected boxes unless told otherwise`() throws {
    try withFolder { root in
      for (boxes, count) in [("detected", 2), ("labeled", 3)] {
        try write(
          (1...count).flatMap { person in
            [
              "\(boxes)/bounding_box_train/000\(person)_c1_1.png",
              "\(boxes)/query/010\(person)_c1_1.png",
              "\(boxes)/bounding_box_test/010\(person)_c2_2.png",
            ]
          }, in: root)
      }
      let detected = try PersonFolder(root: root)
      #expect(detected.train.count == 2 && detected.layout.contains("detected boxes"))
      #expect(detected.hasCameras && detected.query[0].camera == 1)
      let drawn = try PersonFolder(root: root.appendingPathComponent("labeled"))
      #expect(drawn.train.count == 3)
    }
  }

  @Test func `DukeMTMC names`() throws {
    try withFolder { root in
      try write(
        [
          "bounding_box_train/0005_c2_f0046985.jpg", "bounding_box_train/0006_c1_f0046985.jpg",
          "query/0007_c8_f0046985.jpg", "bounding_box_test/0007_c3_f0046985.jpg",
        ], in: root)
      let folder = try PersonFolder(root: root)
      #expect(folder.query[0].person == 7 && folder.query[0].camera == 8)
      #expect(folder.train.map(\.person) == [5, 6])
    }
  }
}
