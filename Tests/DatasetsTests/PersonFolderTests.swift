import Datasets
import Foundation
import Testing

struct PersonFolderTests {
  private func url(_ folder: TemporaryFolder, _ name: String) -> URL {
    folder.url.appendingPathComponent(name)
  }

  private func names(_ images: [LabelledImage]) -> [String] {
    images.map { ($0.path as NSString).lastPathComponent }
  }

  private func market(_ folder: TemporaryFolder, at root: String = "") throws {
    for name in [
      "bounding_box_train/0002_c1s1_000451_03.jpg", "bounding_box_train/0007_c3s3_077419_03.jpg",
      "query/0001_c1s1_001051_00.jpg", "query/1501_c6s4_001902_00.jpg",
      "bounding_box_test/-1_c1s1_000401_03.jpg", "bounding_box_test/-1_c6s3_000401_04.jpg",
      "bounding_box_test/0000_c1s1_000151_01.jpg", "bounding_box_test/0001_c2s1_000301_02.jpg",
      "bounding_box_test/1501_c3s3_000301_02.jpg", "bounding_box_test/Thumbs.db",
      "bounding_box_test/.hidden.jpg", "gt_bbox/0001_c1s1_001051_00.jpg", "readme.txt",
    ] {
      try folder.write(root + name)
    }
  }

  @Test(arguments: ["", "Market-1501-v15.09.15/"])
  func `Market-1501 is read by its rules`(root: String) throws {
    let folder = try TemporaryFolder()
    try market(folder, at: root)
    let data = try PersonFolder(root: folder.url)
    #expect(data.train.map(\.person) == [2, 7])
    #expect(data.train.map(\.camera) == [1, 3])
    #expect(data.query.map(\.person) == [1, 1501])
    #expect(data.query.map(\.camera) == [1, 6])
    #expect(data.gallery.map(\.person) == [0, 1, 1501])
    #expect(data.gallery.map(\.camera) == [1, 2, 3])
    #expect(data.gallery.allSatisfy { $0.split == .gallery })
    #expect(data.junk == 2)
    #expect(data.skipped.isEmpty)
    #expect(data.hasCameras)
    #expect(data.personNames.isEmpty)
    let counts = data.counts(.gallery)
    #expect(counts.images == 3 && counts.persons == 3 && counts.cameras == 3)
    #expect(counts.withoutCamera == 0 && counts.distractors == 1)
    #expect(data.summary.contains("gallery: 3 images, 3 persons, 3 cameras, 1 distractors"))
    #expect(data.summary.contains("2 junk images"))
    #expect(data.warnings().isEmpty)
    try data.requireEvaluable()
  }

  @Test func `DukeMTMC names are read`() throws {
    let folder = try TemporaryFolder()
    try folder.write("query/0005_c2_f0046985.jpg")
    try folder.write("bounding_box_test/0005_c5_f0051481.jpg")
    try folder.write("bounding_box_test/7139_c8_f0100000.jpg")
    let data = try PersonFolder(root: folder.url)
    #expect(
      data.query[0]
        == LabelledImage(
          path: folder.path + "/query/0005_c2_f0046985.jpg", person: 5, camera: 2, split: .query))
    #expect(data.gallery.map(\.camera) == [5, 8])
    try data.requireEvaluable()
  }

  @Test func `plain folders take names of persons and cameras where they stand`() throws {
    let folder = try TemporaryFolder()
    try folder.write("query/Zoë Müller/img 10 c1.JPG")
    try folder.write("query/Zoë Müller/img 2 c1.JPG")
    try folder.write("query/东京/cam2/front.png")
    try folder.write("gallery/Zoë Müller/x_c3s1_9.webp")
    try folder.write("gallery/东京/camera-4/abc12.png")
    try folder.write("train/adam/c9.jpg")
    let data = try PersonFolder(root: folder.url)
    #expect(names(data.query) == ["img 2 c1.JPG", "img 10 c1.JPG", "front.png"])
    #expect(data.query.map(\.camera) == [1, 1, 2])
    #expect(data.gallery.map(\.camera) == [3, 4])
    #expect(data.train.map(\.camera) == [9])
    #expect(data.personNames == [1: "Zoë Müller", 2: "adam", 3: "东京"])
    #expect(data.query.map(\.person) == [1, 1, 3])
    #expect(data.gallery.map(\.person) == [1, 3])
    try data.requireEvaluable()
  }

  @Test func `numbered persons keep their numbers unless two would be one`() throws {
    let folder = try TemporaryFolder()
    for name in ["query/7/a.jpg", "query/007/a.jpg", "gallery/7/b.jpg", "gallery/007/b.jpg"] {
      try folder.write(name)
    }
    let data = try PersonFolder(root: folder.url)
    #expect(Set(data.query.map(\.person)) == [1, 2])
    #expect(Set(data.personNames.values) == ["7", "007"])
    let other = try TemporaryFolder()
    for name in ["query/0/a.jpg", "query/12/a.jpg", "gallery/0/b.jpg", "gallery/12/b.jpg"] {
      try other.write(name)
    }
    #expect(try PersonFolder(root: other.url).query.map(\.person) == [0, 12])
  }

  @Test func `query and gallery may lie anywhere`() throws {
    let folder = try TemporaryFolder()
    try folder.write("somewhere else/Q/0001_c1_a.jpg")
    try folder.write("G/1/c2 b.jpg")
    try folder.write("G/2/c2 b.jpg")
    let data = try PersonFolder(
      query: url(folder, "somewhere else/Q"), gallery: url(folder, "G"))
    #expect(data.query.map(\.camera) == [1])
    // "0001" and "1" are two spellings: numbers would merge them, so names decide.
    #expect(data.personNames.count == 3)
    let text = message { try data.requireEvaluable() }
    #expect(text.contains("none of the query persons (0001) appears in the gallery (1, 2)"))

    try folder.write("data/query/9/q.jpg")
    try folder.write("data/gallery/9/g.jpg")
    let mixed = try PersonFolder(root: url(folder, "data"), gallery: url(folder, "G"))
    #expect(mixed.query.map(\.person) == [9])
    #expect(mixed.gallery.map(\.person) == [1, 2])
  }

  @Test func `person folders alone are split by seed`() throws {
    let folder = try TemporaryFolder()
    for person in 1...6 {
      for image in 1...5 { try folder.write("people/\(person)/c\(image).jpg") }
    }
    try folder.write("people/once/one.jpg")
    let data = try PersonFolder(root: folder.url, seed: 4)
    #expect(data.isSeededSplit)
    #expect(data.query.map(\.person) == [1, 2, 3, 4, 5, 6])
    #expect(data.gallery.count == 25)
    #expect((data.query + data.gallery).allSatisfy { $0.camera == nil })
    #expect(!data.hasCameras)
    #expect(Set((data.query + data.gallery).map(\.path)).count == 31)
    let again = try PersonFolder(root: folder.url, seed: 4)
    #expect(again.query == data.query && again.gallery == data.gallery)
    let seeds = try (0..<4).map { try PersonFolder(root: folder.url, seed: $0).query }
    #expect(Set(seeds).count > 1)
    try data.requireEvaluable()
    #expect(data.warnings().count == 1)
    #expect(data.layout.contains("one query picture per person drawn with seed 4"))
  }

  @Test func `one folder of Market names is split too`() throws {
    let folder = try TemporaryFolder()
    for name in ["0001_c1_a.jpg", "0001_c2_b.jpg", "0002_c1_a.jpg", "0002_c2_b.jpg", "logo.png"] {
      try folder.write(name)
    }
    let data = try PersonFolder(root: folder.url)
    #expect(data.query.map(\.person) == [1, 2])
    #expect(data.gallery.map(\.person) == [1, 2])
    #expect(data.skipped.map(\.reason) == ["its name tells no person"])
  }

  @Test func `a table can name everything`() throws {
    let folder = try TemporaryFolder()
    for name in ["img/1.jpg", "img/2.jpg", "img/3, \"x\".jpg", "img/4.jpg"] {
      try folder.write(name)
    }
    try folder.write(
      "labels.csv",
      "\u{FEFF}path,person,camera,split\r\nimg/1.jpg,anna,1,query\r\n./img/2.jpg,anna,c2,gallery\r\n"
        + "\"img/3, \"\"x\"\".jpg\",bert,2,train\r\nimg/9.jpg,bert,2,train\r\n")
    let data = try PersonFolder(root: folder.url)
    #expect(data.query.map(\.camera) == [1])
    #expect(data.gallery.map(\.camera) == [2])
    #expect(names(data.train) == ["3, \"x\".jpg"])
    #expect(data.personNames == [1: "anna", 2: "bert"])
    #expect(data.skipped.map(\.reason) == ["it is not listed in labels.csv"])
    #expect(data.warnings()[0].contains("line 5: “img/9.jpg”"))
    try data.requireEvaluable()
  }

  @Test func `a table can add cameras to folders`() throws {
    let folder = try TemporaryFolder()
    for name in ["query/a/1.jpg", "gallery/a/2.jpg", "gallery/a/c7.jpg"] { try folder.write(name) }
    try folder.write(
      "labels.csv", "path;camera\nquery/a/1.jpg;4\ngallery/a/2.jpg;5\n")
    let data = try PersonFolder(root: folder.url)
    #expect(data.query.map(\.camera) == [4])
    #expect(data.gallery.map(\.camera) == [5, 7])
  }

  @Test(arguments: [
    ("person,camera\n1,2\n", "Line 1"), ("path,camera\na.jpg,left\n", "“left”"),
    ("path,split\n\na.jpg,test\n", "Line 3"), ("path,person\na.jpg,1\n./a.jpg,2\n", "second time"),
    ("path,person\n,1\n", "the path is empty"),
  ])
  func `a wrong table names its line`(table: String, expected: String) throws {
    let folder = try TemporaryFolder()
    try folder.write("a.jpg")
    try folder.write("labels.csv", table)
    let text = message { _ = try PersonFolder(root: folder.url) }
    #expect(text.contains(expected) && text.contains("labels.csv"))
  }

  @Test func `links are followed and circles end`() throws {
    let folder = try TemporaryFolder()
    try folder.write("store/q.jpg")
    try folder.write("data/gallery/1/g.jpg")
    let manager = FileManager.default
    try manager.createDirectory(at: url(folder, "data/query"), withIntermediateDirectories: true)
    try manager.createSymbolicLink(
      atPath: folder.path + "/data/query/1", withDestinationPath: "../../store")
    try manager.createSymbolicLink(
      atPath: folder.path + "/data/gallery/1/up", withDestinationPath: "..")
    try manager.createSymbolicLink(
      atPath: folder.path + "/data/gallery/1/gone.jpg", withDestinationPath: "/nowhere/x.jpg")
    try folder.write("data/gallery/1/empty.jpg", [])
    let data = try PersonFolder(root: url(folder, "data"))
    #expect(names(data.query) == ["q.jpg"])
    #expect(Set(names(data.gallery)) == ["g.jpg"])
    let reasons = Set(data.skipped.map(\.reason))
    #expect(reasons.contains("the file is empty") && reasons.count == 2)
  }
}
