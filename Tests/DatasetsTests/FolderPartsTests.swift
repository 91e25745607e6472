import Foundation
import Spelling
import Testing

@testable import Datasets

struct FolderPartsTests {
  @Test func `numbers in names count by value`() {
    let sorted = [
      "", "01", "1", "2", "10", "a", "a1b2", "a1b10", "a02", "a2", "a10", "b", "frame 9.jpg",
      "frame 10.jpg", "é",
    ]
    #expect(sorted.reversed().sorted(by: NaturalOrder.precedes) == sorted)
    for first in sorted.indices {
      for second in sorted.indices {
        #expect(NaturalOrder.precedes(sorted[first], sorted[second]) == (first < second))
      }
    }
  }

  @Test(arguments: [
    ("0001_c1s1_000151_01.jpg", "0001", 1), ("-1_c3s2_0001.jpg", "-1", 3),
    ("0001_c2_f0046182.jpg", "0001", 2), ("12_c015.png", "12", 15), ("7_C2.jpg", "7", 2),
  ])
  func `names of the Market-1501 kind are read`(name: String, person: String, camera: Int) {
    let label = FileNameLabel(name)
    #expect(label?.person == person)
    #expect(label?.camera == camera)
  }

  @Test(arguments: [
    "", "-", "_c1.jpg", "0001.jpg", "0001_c.jpg", "a_c1.jpg", "0001-c1.jpg", "--1_c1.jpg", "0001_c",
  ])
  func `other names are not`(name: String) { #expect(FileNameLabel(name) == nil) }

  @Test(arguments: [
    ("x_c3.jpg", 3), ("c12_0001.jpg", 12), ("001 c2s4 7.jpg", 2), ("Cam7.png", 7), ("cam_7", 7),
    ("camera-03.jpg", 3), ("a.c4.b", 4),
  ])
  func `cameras in names are read`(name: String, camera: Int) {
    #expect(FileNameLabel.camera(in: name) == camera)
  }

  @Test(arguments: [
    "pic01.jpg", "3fc12a.jpg", "c12ab.jpg", "c.jpg", "scene", "ç1.jpg", "c1x", "9c1",
  ])
  func `letters in words and hashes are no cameras`(name: String) {
    #expect(FileNameLabel.camera(in: name) == nil)
  }

  @Test func `tables split into rows`() {
    let text = "a,\"b,\"\"c\"\"\",\r\n\r\n\"x\ny\",,z\n\"\"\nlast"
    #expect(
      CommaSeparated.rows(Array(text.utf8)) == [
        CommaSeparated.Row(line: 1, fields: ["a", "b,\"c\"", ""]),
        CommaSeparated.Row(line: 3, fields: ["x\ny", "", "z"]),
        CommaSeparated.Row(line: 6, fields: ["last"]),
      ])
    for field in ["plain", "a,b", "\"", " x", "x ", "line\nend", "", "日本"] {
      let row = CommaSeparated.rows(Array(("1," + CommaSeparated.quoted(field)).utf8))
      #expect(row.first?.fields == ["1", field])
    }
  }

  @Test func `an unlabelled folder gives its files`() throws {
    let folder = try TemporaryFolder()
    for name in ["b/10.jpg", "b/9.jpg", "z.PNG", "a.txt", ".x.jpg", "Thumbs.db", "b/ü 1.webp"] {
      try folder.write(name)
    }
    try folder.write("bad.jpg", [])
    let images = try ImageFolder(root: folder.url)
    #expect(
      images.paths.map { String($0.dropFirst(folder.path.count + 1)) }
        == ["z.PNG", "b/9.jpg", "b/10.jpg", "b/ü 1.webp"])
    #expect(images.skipped.map(\.reason) == ["the file is empty"])
    let empty = try TemporaryFolder()
    #expect(message { _ = try ImageFolder(root: empty.url) }.contains("holds no pictures"))
  }
}
