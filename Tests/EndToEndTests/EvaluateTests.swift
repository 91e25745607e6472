import Foundation
import Storage
import Testing

/// `vision-evaluate` as people and scripts meet it.
@Suite struct EvaluateTests {
  private func evaluate(_ arguments: String...) throws -> ProgramRun {
    try ProgramRun("vision-evaluate", arguments)
  }

  private func names(in folder: String) throws -> Set<String> {
    Set(try FileManager.default.contentsOfDirectory(atPath: folder))
  }

  @Test func `scores a folder in Market-1501 layout`() throws {
    let people = try PersonPictures()
    defer { people.remove() }
    try people.writeMarket()
    let run = try evaluate(
      "baseline:histogram", "--task", "reid", "--data", people.path("market"), "--json")
    #expect(run.exit == 0, "\(run.errors)")
    let result = try #require(run.object)
    #expect(result["mAP"] as? Double == 1 && result["rank1"] as? Double == 1)
    #expect(result["mINP"] as? Double == 1 && result["rank10"] as? Double == 1)
    #expect(result["queries"] as? Int == 4 && result["gallery"] as? Int == 8)
    #expect(result["invalidQueries"] as? Int == 0 && result["rank5"] as? Double == 1)
    #expect(result["protocol"] as? String == "cross-camera")
    #expect(result["interval"] as? [Double] == [1, 1])
    #expect(run.errors.contains("query: 4 images, 4 persons, 1 cameras"))
    #expect(run.errors.contains("rank-1") && run.errors.contains("Protocol cross-camera"))
  }

  @Test func `writes a folder a person can read`() throws {
    let people = try PersonPictures()
    defer { people.remove() }
    try people.writeMarket()
    try people.writeDamaged("market/bounding_box_test/0001_c2s1_000002_00.jpg")
    let output = people.path("out/deep")
    let features = people.path("out.safetensors")
    let run = try evaluate(
      "random:convnet_small", "--seed", "3", "--task", "reid", "--data", people.path("market"),
      "--output", output, "--features", features, "--flip", "--threads", "1", "--json")
    #expect(run.exit == 0, "\(run.errors)")
    let result = try #require(run.object)
    #expect(result["skipped"] as? Int == 1 && result["gallery"] as? Int == 8)
    #expect(result["seed"] as? Int == 3 && result["flip"] as? Bool == true)
    #expect(run.errors.contains("0001_c2s1_000002_00.jpg"))
    let names = try names(in: output)
    #expect(
      names == [
        "command.txt", "pictures", "queries.csv", "report.html", "results.json", "skipped.txt",
        "table.md",
      ])
    let written = try JSONSerialization.jsonObject(
      with: Data(contentsOf: URL(fileURLWithPath: output + "/results.json")))
    #expect((written as? [String: Any])?["mAP"] as? Double == result["mAP"] as? Double)
    let skipped = try String(contentsOfFile: output + "/skipped.txt", encoding: .utf8)
    #expect(skipped.contains("0001_c2s1_000002_00.jpg\t"))
    let command = try String(contentsOfFile: output + "/command.txt", encoding: .utf8)
    #expect(command.contains("--seed 3") && command.contains("threads: 1"))
    let file = try SafetensorsFile(contentsOf: URL(fileURLWithPath: features))
    #expect(file["features"]?.shape.first == 12)
    let paths = try JSONDecoder().decode(
      [String].self, from: Data((file.metadata["paths"] ?? "").utf8))
    #expect(paths.count == 12 && paths[..<4].allSatisfy { $0.contains("/query/") })
  }

  @Test func `gives the same numbers twice`() throws {
    let people = try PersonPictures()
    defer { people.remove() }
    try people.writeMarket()
    let runs = try (0..<2).map { _ in
      try evaluate(
        "random:convnet_small", "--task", "reid", "--data", people.path("market"), "--threads",
        "2", "--seed", "5", "--json", "--quiet")
    }
    #expect(runs[0].object?["weights"] as? String == runs[1].object?["weights"] as? String)
    #expect(runs[0].object?["mAP"] as? Double == runs[1].object?["mAP"] as? Double)
    #expect(runs[0].errors.isEmpty && runs[0].object?["weights"] != nil)
  }

  @Test func `compares several models`() throws {
    let people = try PersonPictures()
    defer { people.remove() }
    try people.writeMarket()
    let output = people.path("both")
    let run = try evaluate(
      "baseline:histogram", "baseline:pixels", "--task", "reid", "--data", people.path("market"),
      "--protocol", "camera-centred", "--output", output, "--json")
    #expect(run.exit == 0, "\(run.errors)")
    let models = run.object?["models"] as? [[String: Any]]
    #expect(models?.map { $0["model"] as? String } == ["baseline:histogram", "baseline:pixels"])
    #expect(models?.allSatisfy { $0["protocol"] as? String == "camera-centred" } == true)
    let table = try String(contentsOfFile: output + "/table.md", encoding: .utf8)
    #expect(table.contains("| baseline:histogram") && table.contains("| baseline:pixels"))
    let comparisons = try #require(run.object?["comparisons"] as? [[String: Any]])
    #expect(comparisons.map { $0["metric"] as? String } == ["mAP", "rank-1"])
    for comparison in comparisons {
      #expect(comparison["model"] as? String == "baseline:pixels")
      #expect(comparison["baseline"] as? String == "baseline:histogram")
      #expect(comparison["pValue"] as? Double != nil && comparison["groups"] as? Int == 4)
      let sentence = try #require(comparison["sentence"] as? String)
      #expect(run.errors.contains(sentence))
    }
    let text = try String(contentsOfFile: output + "/comparison.md", encoding: .utf8)
    #expect(text.contains("verdict") && text.contains("sign flips over 4 persons"))
  }

  @Test func `discriminants are fitted on the training split of the same folder`() throws {
    let people = try PersonPictures()
    defer { people.remove() }
    try people.writeMarket()
    let run = {
      try self.evaluate(
        "baseline:histogram-lda", "--task", "reid", "--data", people.path("market"), "--json")
    }
    let refused = try run()
    #expect(refused.exit == 65 && refused.errors.contains("fitted on training pictures"))
    for person in 5...8 {
      for camera in 1...2 {
        try people.write(
          "market/bounding_box_train/000\(person)_c\(camera)s1_000001_00.png", person: person,
          tint: 4 * camera)
      }
    }
    let fitted = try run()
    #expect(fitted.exit == 0, "\(fitted.errors)")
    #expect(fitted.object?["featureWidth"] as? Int == 3)
    #expect(fitted.errors.contains("fitted on 8 training pictures of 4 persons"))
  }

  @Test func `separate folders without cameras are scored and marked`() throws {
    let people = try PersonPictures()
    defer { people.remove() }
    for person in 0..<3 {
      try people.write("q/person \(person)/é.png", person: person)
      try people.write("g/person \(person)/1.png", person: person, tint: 5)
      try people.write("g/person \(person)/2.jpg", person: person, tint: 9)
    }
    let run = try evaluate(
      "baseline:histogram", "--task", "reid", "--query", people.path("q"), "--gallery",
      people.path("g"), "--json")
    #expect(run.exit == 0, "\(run.errors)")
    #expect(run.object?["protocol"] as? String == "no-camera")
    #expect(run.object?["mAP"] as? Double == 1)
    #expect(run.errors.contains("cannot be compared"))
    let refused = try evaluate(
      "baseline:histogram", "--task", "reid", "--query", people.path("q"), "--gallery",
      people.path("g"), "--protocol", "cross-camera")
    #expect(refused.exit == 65 && refused.errors.contains("--protocol no-camera"))
  }

  @Test func `re-ranks on request`() throws {
    let people = try PersonPictures()
    defer { people.remove() }
    try people.writeMarket()
    let run = try evaluate(
      "baseline:histogram", "--task", "reid", "--data", people.path("market"), "--rerank",
      "--rerank-k1", "3", "--rerank-k2", "2", "--json")
    #expect(run.exit == 0, "\(run.errors)")
    let numbers = run.object?["reranking"] as? [String: Any]
    #expect(numbers?["k1"] as? Int == 3 && numbers?["lambda"] as? Double == 0.3)
    #expect((run.object?["caption"] as? String)?.contains("re-ranking k1 3, k2 2") == true)
  }

  @Test func `a dry run checks and writes nothing`() throws {
    let people = try PersonPictures()
    defer { people.remove() }
    try people.writeMarket()
    try people.writeDamaged("market/query/0002_c1s1_000009_00.jpg")
    let output = people.path("never")
    let run = try evaluate(
      "random:convnet_small", "--task", "reid", "--data", people.path("market"), "--output",
      output, "--dry-run", "--json")
    #expect(run.exit == 0, "\(run.errors)")
    #expect(run.object?["dryRun"] as? Bool == true && run.object?["skipped"] as? Int == 1)
    #expect(
      run.object?["queries"] as? Int == 5 && run.object?["protocol"] as? String == "cross-camera")
    #expect(run.errors.contains("0002_c1s1_000009_00.jpg") && run.errors.contains("gallery: 8"))
    #expect(!FileManager.default.fileExists(atPath: output))
  }

  @Test func `writes features of unlabelled pictures`() throws {
    let people = try PersonPictures()
    defer { people.remove() }
    try people.write("photos/b/2.png", person: 2)
    try people.write("photos/a 1.jpg", person: 1)
    try people.writeDamaged("photos/a 2.jpg")
    let file = people.path("f.safetensors")
    let run = try evaluate(
      "baseline:pixels", "--data", people.path("photos"), "--features", file, "--json")
    #expect(run.exit == 0, "\(run.errors)")
    #expect(run.object?["images"] as? Int == 2 && run.object?["skipped"] as? Int == 1)
    let read = try SafetensorsFile(contentsOf: URL(fileURLWithPath: file))
    let paths = try JSONDecoder().decode(
      [String].self, from: Data((read.metadata["paths"] ?? "").utf8))
    #expect(paths.map { ($0 as NSString).lastPathComponent } == ["a 1.jpg", "2.png"])
    #expect(read["features"]?.shape == [2, 1536])
  }

  @Test func `prints its help`() throws {
    let run = try evaluate("--help")
    #expect(run.exit == 0 && run.errors.isEmpty)
    for words in [
      "--protocol", "--features", "(default: 20)", "baseline:histogram", "Examples:",
      "--task restoration", "--task face",
    ] {
      #expect(run.output.contains(words), "\(words)")
    }
    #expect(flagsWithoutDefault(in: run.output) == [])
  }
}
