import Datasets
import Foundation
import Testing

struct PersonFolderDiagnosisTests {
  private func text(_ names: [String], ignoringCameras: Bool = false) throws -> String {
    let folder = try TemporaryFolder()
    for name in names { try folder.write(name) }
    return message {
      try PersonFolder(root: folder.url).requireEvaluable(ignoringCameras: ignoringCameras)
    }
  }

  @Test func `an empty folder says what is understood`() throws {
    #expect(try text([]).contains("it is empty"))
    let found = try text((1...7).map { "notes\($0).txt" })
    #expect(found.contains("found 0 pictures, 7 other files, 0 folders"))
    #expect(found.contains("“notes1.txt”, “notes2.txt”"))
    #expect(found.contains("“notes5.txt”") && !found.contains("notes6"))
    #expect(found.contains("Market-1501") && found.contains("labels.csv"))
  }

  @Test func `pictures without persons say so`() throws {
    let found = try text(["a.jpg", "b.jpg"])
    #expect(found.contains("do not tell which person") && found.contains("“a.jpg”, “b.jpg”"))
    #expect(try text(["query/a.jpg", "gallery/1/a.jpg"]).contains("query"))
  }

  @Test func `an empty split names its folder`() throws {
    let folder = try TemporaryFolder()
    try folder.write("query/readme.txt", "none")
    try folder.write("gallery/1/a.jpg")
    let found = message { _ = try PersonFolder(root: folder.url) }
    #expect(found.contains("/query” holds no pictures"))
  }

  @Test func `a missing folder and a file are told apart`() throws {
    let folder = try TemporaryFolder()
    try folder.write("file.jpg")
    let missing = folder.url.appendingPathComponent("none")
    #expect(throws: DatasetError.missing(path: missing.path)) { try PersonFolder(root: missing) }
    #expect(
      message { _ = try PersonFolder(root: folder.url.appendingPathComponent("file.jpg")) }
        .contains("it is a file, not a folder"))
  }

  @Test func `a missing half is named`() throws {
    #expect(try text(["train/1/a.jpg"]).contains("it has no query and gallery pictures"))
    #expect(try text(["query/1/a.jpg"]).contains("it has no gallery pictures (1 query images)"))
  }

  @Test func `matches of one camera only hint at the flag`() throws {
    let names = ["query/0001_c1_a.jpg", "gallery/0001_c1_b.jpg", "gallery/0002_c2_b.jpg"]
    let found = try text(names)
    #expect(found.contains("no query has a match from another camera (cameras found: 1, 2)"))
    #expect(found.contains("0001_c1_a.jpg") && found.contains("--protocol no-camera"))
    #expect(try text(names, ignoringCameras: true) == "")
  }

  @Test func `persons absent from the gallery are named`() throws {
    let found = try text(["query/anna/a.jpg", "gallery/bert/a.jpg"])
    #expect(found.contains("none of the query persons (anna) appears in the gallery (bert)"))
    let folder = try TemporaryFolder()
    for name in ["query/1/c1.jpg", "query/2/c1.jpg", "query/3/c1.jpg", "gallery/1/c2.jpg"] {
      try folder.write(name)
    }
    try folder.write("gallery/3/c1 x.jpg")
    let data = try PersonFolder(root: folder.url)
    try data.requireEvaluable()
    #expect(data.invalidQueries(usingCameras: true) == 2)
    #expect(data.invalidQueries(usingCameras: false) == 1)
    #expect(
      data.warnings() == [
        "1 of 3 query persons do not appear in the gallery (2)",
        "2 of 3 queries have no match from another camera and will not count",
      ])
  }

  @Test func `persons of training and test are named`() throws {
    let folder = try TemporaryFolder()
    for name in ["train/1/c1.jpg", "train/2/c1.jpg", "query/1/c1.jpg", "gallery/1/c2.jpg"] {
      try folder.write(name)
    }
    let warnings = try PersonFolder(root: folder.url).warnings()
    #expect(warnings.count == 1)
    #expect(warnings[0].contains("1 training persons also stand in query or gallery (1)"))
  }

  @Test func `the query image itself is no match`() throws {
    let folder = try TemporaryFolder()
    try folder.write("all/1/a.jpg")
    let all = folder.url.appendingPathComponent("all")
    let data = try PersonFolder(query: all, gallery: all)
    #expect(
      message { try data.requireEvaluable() }.contains("no other picture of any query person"))
    try folder.write("all/1/b.jpg")
    try PersonFolder(query: all, gallery: all).requireEvaluable()
  }

  @Test func `single pictures cannot be split`() throws {
    #expect(try text(["a/1.jpg", "b/1.jpg"]).contains("no person has two pictures"))
  }

  @Test func `partly known cameras are not used`() throws {
    let folder = try TemporaryFolder()
    for name in ["query/1/c1.jpg", "gallery/1/c2.jpg", "gallery/1/x.jpg"] { try folder.write(name) }
    let data = try PersonFolder(root: folder.url)
    #expect(!data.hasCameras)
    #expect(data.warnings()[0].contains("1 of 3 query and gallery images have no camera"))
    #expect(data.summary.contains("(1 images without one)"))
  }
}
