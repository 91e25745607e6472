import Datasets
import Evaluation
import Foundation
import Images
import Metrics
import Testing

@Suite struct RetrievalEvaluationTests {
  private func evaluate(
    _ people: MadePeople, settings: RetrievalSettings, model: String = "baseline:histogram"
  ) throws -> RetrievalResult {
    let folder = try PersonFolder(root: people.root)
    return try RetrievalEvaluation(folder, settings: settings)
      .result(of: FeatureExtractor(model))
  }

  @Test func `persons told apart by colour are all found`() throws {
    let people = try MadePeople()
    defer { people.remove() }
    try people.writeMarket()
    let result = try evaluate(people, settings: RetrievalSettings())
    #expect(result.scores.mAP == 1 && result.scores.rank1 == 1)
    #expect(result.scores.queries == 4 && result.scores.gallery == 4)
    #expect(result.scores.perQuery[0].ranking.count == 4)
    #expect(result.data.cameras == [1, 2])
  }

  @Test func `scores are those of the metrics room on the same features`() throws {
    let people = try MadePeople()
    defer { people.remove() }
    try people.writeMarket(cameras: 3)
    for rule in RetrievalProtocol.allCases {
      let result = try evaluate(
        people, settings: RetrievalSettings(rule: rule), model: "random:convnet_small")
      let count = result.query.count
      func labels(_ images: [LabelledImage]) -> RetrievalLabels {
        RetrievalLabels(persons: images.map(\.person), cameras: images.compactMap(\.camera))
      }
      let expected = try scoreRetrieval(
        queryFeatures: result.features.rows(0..<count),
        galleryFeatures: result.features.rows(count..<result.features.count),
        width: result.features.width, query: labels(result.query),
        gallery: labels(result.gallery), options: RetrievalOptions(rule: rule))
      #expect(result.scores.mAP == expected.mAP && result.scores.rank5 == expected.rank5)
      #expect(result.scores.protocol == rule)
    }
  }

  @Test func `without cameras the query itself is removed, even as a copy`() throws {
    let people = try MadePeople()
    defer { people.remove() }
    for person in 1...3 {
      try people.write(person: person, camera: 1, into: "query")
      try people.write(person: person, camera: 1, into: "gallery")
      try people.write(person: person, camera: 2, into: "gallery")
    }
    let result = try evaluate(
      people, settings: RetrievalSettings(rule: .withoutCameras), model: "baseline:pixels")
    #expect(result.scores.perQuery.allSatisfy { $0.matches == 1 })
    #expect(result.scores.perQuery[0].ranking.contains { $0.isRemoved && $0.distance < 1e-6 })
  }

  @Test func `damaged pictures are left out and counted`() throws {
    let people = try MadePeople()
    defer { people.remove() }
    try people.writeMarket()
    let bad = try people.writeDamaged("0001_c2s1_000099_00.jpg", into: "bounding_box_test")
    let result = try evaluate(people, settings: RetrievalSettings())
    #expect(result.skipped.map(\.path) == [bad])
    #expect(result.gallery.count == 4 && result.scores.mAP == 1)
    #expect(result.caption.contains("1 unreadable files left out"))
  }

  @Test func `a query folder of nothing but damage is named`() throws {
    let people = try MadePeople()
    defer { people.remove() }
    try people.writeDamaged("0001_c1s1_000001_00.jpg", into: "query")
    try people.write(person: 1, camera: 2, into: "gallery")
    #expect {
      _ = try evaluate(people, settings: RetrievalSettings())
    } throws: { "\($0)".contains("of the query can be decoded") }
  }

  @Test func `re-ranking keeps a perfect order and gives no threshold`() throws {
    let people = try MadePeople()
    defer { people.remove() }
    try people.writeMarket(cameras: 3)
    for rule in [RetrievalProtocol.crossCamera, .cameraCentred] {
      let result = try evaluate(
        people,
        settings: RetrievalSettings(rule: rule, reranking: .init(k1: 2, k2: 1, lambda: 0.3)))
      #expect(result.scores.verification?.operatingPoints == [])
      #expect(result.caption.contains("k1 2, k2 1, λ 0.3"))
      #expect(result.scores.mAP > 0.9)
    }
  }

  @Test func `a protocol with cameras refuses pictures without one`() throws {
    let people = try MadePeople()
    defer { people.remove() }
    for split in ["query", "gallery"] {
      for person in ["ann", "bob"] {
        let url = people.root.appendingPathComponent("\(split)/\(person)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        try MadePeople.picture(person: person == "ann" ? 1 : 2, tint: split.count)
          .write(to: url.appendingPathComponent("x.png"))
      }
    }
    #expect(throws: EvaluationError.self) {
      try evaluate(people, settings: RetrievalSettings(rule: .crossCamera))
    }
    let result = try evaluate(people, settings: RetrievalSettings(rule: .withoutCameras))
    #expect(result.scores.rank1 == 1 && result.personNames.values.contains("ann"))
  }

  @Test func `the result holds every promised key`() throws {
    let people = try MadePeople()
    defer { people.remove() }
    try people.writeMarket()
    let result = try evaluate(people, settings: RetrievalSettings(), model: "random:convnet_small")
    let object = try JSONSerialization.jsonObject(with: JSONEncoder().encode(result))
    let keys = try #require(object as? [String: Any])
    for key in [
      "mAP", "mINP", "rank1", "rank5", "rank10", "queries", "invalidQueries", "gallery",
      "protocol", "interval", "model", "origin", "weights", "flip", "seed", "distance", "feature",
      "skipped", "data",
    ] {
      #expect(keys[key] != nil, "\(key)")
    }
    for words in ["cross-camera", "4 images of 4 persons", "flip off", "cosine", "seed 0"] {
      #expect(result.caption.contains(words), "\(words)")
    }
  }

  @Test func `the report is complete and self-contained`() throws {
    let people = try MadePeople()
    defer { people.remove() }
    try people.writeMarket()
    let output = people.root.appendingPathComponent("eval <1>")
    let results = try ["baseline:histogram", "random:convnet_small"].map {
      try evaluate(people, settings: RetrievalSettings(), model: $0)
    }
    let folder = try EvaluationFolder(output, commandText: "vision-evaluate x\n")
    try RetrievalReport(results, warnings: ["odd & rare"], command: "vision-evaluate x")
      .write(to: folder)
    for name in [
      "command.txt", "table.md", "queries.csv", "skipped.txt", "report.html",
      "pictures/ranked-retrieval-1.jpg", "pictures/ranked-retrieval-2.jpg",
      "pictures/distances-1.svg",
    ] {
      let path = output.appendingPathComponent(name).path
      #expect(FileManager.default.fileExists(atPath: path), "\(name)")
    }
    let page = try String(contentsOf: output.appendingPathComponent("report.html"), encoding: .utf8)
    #expect(page.contains("odd &amp; rare") && page.contains("data:image/jpeg;base64,"))
    #expect(!page.contains("src=\"http") && !page.contains("href=\"http"))
    try folder.write(skipped: [SkippedFile(path: "a\n\u{1B}[31mb", reason: "odd")])
    let skipped = try String(
      contentsOf: output.appendingPathComponent("skipped.txt"), encoding: .utf8)
    #expect(skipped == "a\\u{A}\\u{1B}[31mb\todd\n")
    let table = try String(contentsOf: output.appendingPathComponent("table.md"), encoding: .utf8)
    #expect(table.contains("| baseline:histogram") && table.contains("1.000"))
    let queries = try String(
      contentsOf: output.appendingPathComponent("queries.csv"), encoding: .utf8)
    #expect(queries.split(separator: "\n").count == 9)
  }

  @Test func `a place that cannot be written is found at once`() throws {
    let people = try MadePeople()
    defer { people.remove() }
    let file = people.root.appendingPathComponent("file")
    try Data().write(to: file)
    #expect(throws: EvaluationError.self) {
      try EvaluationFolder(file.appendingPathComponent("out"), commandText: "")
    }
    #expect(throws: EvaluationError.self) {
      try EvaluationFolder.requireWritable(file.appendingPathComponent("x"))
    }
    #expect(throws: EvaluationError.self) {
      try EvaluationFolder.requireWritable(people.root.appendingPathComponent("none/x"))
    }
    #expect(throws: Never.self) {
      try EvaluationFolder.requireWritable(people.root.appendingPathComponent("x"))
    }
  }
}
