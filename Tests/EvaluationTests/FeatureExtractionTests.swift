import AdapterFiles
import Adapters
import Datasets
import Evaluation
import Foundation
import Images
import Layers
import Metrics
import Storage
import Tasks
import Tensors
import Testing
import Training

@Suite struct FeatureExtractionTests {
  @Test func `keeps the order of the files and lists damaged ones`() throws {
    let people = try MadePeople()
    defer { people.remove() }
    var paths: [String] = []
    for person in 1...4 { paths.append(try people.write(person: person, camera: 1, into: "a")) }
    paths.insert(try people.writeDamaged("bad.jpg", into: "a"), at: 2)
    let matrix = try FeatureExtractor("baseline:pixels").features(of: paths)
    #expect(matrix.kept == [0, 1, 3, 4])
    #expect(matrix.skipped.map(\.path) == [paths[2]])
    #expect(matrix.skipped[0].reason.contains("known format"))
    let expected = PixelGrid().features(of: MadePeople.picture(person: 3, tint: 3))
    #expect(matrix.rows(2..<3) == expected)
    #expect(matrix.values.count == 4 * matrix.width)
  }

  @Test func `a gated adapter sees how good plain pictures are`() throws {
    let people = try MadePeople()
    defer { people.remove() }
    let paths = try (1...3).map { try people.write(person: $0, camera: 1, into: "a") }
    let name = "random:convnet_small@48x32"
    let adapted = AdaptedNetwork(try ModelFolder.load(name, seed: 0).backbone)
    let adapter = try adapted.attach(
      AdapterPlan(PETALface(rank: 2)), random: RandomStream(seed: 1))
    for (path, parameter) in adapter.parameters {
      var random = RandomStream(seed: 2).split(path)
      parameter.value.add(random.uniform(shape: parameter.value.shape, bound: 0.3))
    }
    func features(_ facts: [String: String]) throws -> [Float] {
      let folder = people.root.appendingPathComponent("adapter-\(facts.count)")
      try AdapterFolder.write(adapter, of: adapted, facts: facts, to: folder)
      return try FeatureExtractor(
        name, position: .backbone, adapters: AdapterFolders([folder.path]), seed: 0
      ).features(of: paths).values
    }
    // Without a measure every picture has both branches alike.
    let (measured, alike) = (try features(["quality": "sharpness"]), try features([:]))
    #expect(measured.count == alike.count)
    #expect(zip(measured, alike).contains { abs($0 - $1) > 1e-4 })
  }

  @Test func `a folder of nothing but damage is an error that names a file`() throws {
    let people = try MadePeople()
    defer { people.remove() }
    let path = try people.writeDamaged("bad.png", into: "a")
    #expect {
      _ = try FeatureExtractor("baseline:histogram").features(of: [path])
    } throws: { "\($0)".contains(path) }
  }

  @Test func `batches change nothing`() throws {
    let people = try MadePeople()
    defer { people.remove() }
    let count = FeatureExtractor.batchSize + 3
    let paths = try (0..<count).map {
      try people.write(person: 1 + $0 % 4, camera: 1, into: "a", shift: $0)
    }
    let extractor = try FeatureExtractor("random:convnet_small", seed: 3)
    var reported = 0
    let all = try extractor.features(of: paths) { reported += $0 }
    #expect(reported == count && all.count == count)
    let last = try extractor.features(of: [paths[count - 1]])
    let difference = zip(last.values, all.rows((count - 1)..<count)).map { abs($0 - $1) }.max()
    #expect((difference ?? 1) < 1e-5)
  }

  @Test func `a shorter vector is the beginning of the whole`() throws {
    let people = try MadePeople()
    defer { people.remove() }
    let paths = try (1...3).map { try people.write(person: $0, camera: 1, into: "query") }
    let whole = try FeatureExtractor("random:convnet_small")
    let short = try FeatureExtractor("random:convnet_small", length: 16)
    #expect(short.width == 16 && short.fullWidth == whole.width && short.trainedLengths.isEmpty)
    let (long, cut) = try (whole.features(of: paths), short.features(of: paths))
    for row in 0..<3 {
      #expect(Array(cut.rows(row..<(row + 1))) == Array(long.rows(row..<(row + 1)).prefix(16)))
    }
    for (model, length) in [("random:convnet_small", 129), ("baseline:pixels", 8)] {
      #expect {
        _ = try FeatureExtractor(model, length: length)
      } throws: { "\($0)".contains("--length \(length)") }
    }
  }

  @Test func `the seed decides untrained weights`() throws {
    let first = try FeatureExtractor("random:convnet_small", seed: 1)
    let again = try FeatureExtractor("random:convnet_small", seed: 1)
    let other = try FeatureExtractor("random:convnet_small", seed: 2)
    #expect(first.fingerprint == again.fingerprint)
    #expect(first.fingerprint != other.fingerprint)
    #expect(first.fingerprint?.count == 16)
  }

  @Test(arguments: ["baseline:pixels", "random:convnet_small"])
  func `a flipped feature is that of the mirror image too`(model: String) throws {
    let people = try MadePeople()
    defer { people.remove() }
    let image = MadePeople.picture(person: 1, tint: 0)
    let (first, second) = (
      people.root.appendingPathComponent("a.png"), people.root.appendingPathComponent("b.png")
    )
    try image.write(to: first)
    try image.flippedHorizontally().write(to: second)
    let extractor = try FeatureExtractor(model)
    let paths = [first.path, second.path]
    let plain = try extractor.features(of: paths)
    let flipped = try extractor.features(of: paths, flip: true)
    func distance(_ matrix: FeatureMatrix) -> Float {
      zip(matrix.rows(0..<1), matrix.rows(1..<2)).reduce(0) { $0 + abs($1.0 - $1.1) }
    }
    #expect(distance(plain) > 1e-3)
    #expect(distance(flipped) < 1e-3 * distance(plain))
  }

  @Test func `equal pictures have equal keys`() throws {
    let people = try MadePeople()
    defer { people.remove() }
    let paths = [
      try people.write(person: 1, camera: 1, into: "a"),
      try people.write(person: 1, camera: 1, into: "b"),
      try people.write(person: 2, camera: 1, into: "b"),
    ]
    let keys = try FeatureExtractor("baseline:pixels").features(of: paths).pictureKeys
    #expect(keys[0] == keys[1] && keys[0] != keys[2])
  }

  @Test func `the features file holds rows and paths`() throws {
    let people = try MadePeople()
    defer { people.remove() }
    let paths = [
      try people.write(person: 1, camera: 1, into: "a b"),
      try people.write(person: 2, camera: 1, into: "ä\"/ö"),
    ]
    let matrix = try FeatureExtractor("baseline:histogram").features(of: paths)
    let file = people.root.appendingPathComponent("out.safetensors")
    try FeaturesFile.write(matrix, paths: paths, texts: ["model": "x"], to: file)
    let read = try SafetensorsFile(contentsOf: file)
    #expect(read["features"]?.shape == [2, matrix.width])
    #expect(try read.floats("features") == matrix.values)
    let list = try JSONDecoder().decode(
      [String].self, from: Data((read.metadata["paths"] ?? "").utf8))
    #expect(list == paths)
    #expect(read.metadata["model"] == "x")
  }

  @Test func `unknown models are refused`() {
    #expect(throws: EvaluationError.self) { try FeatureExtractor("baseline:magic") }
    #expect(throws: EvaluationError.noEmbedding(model: "baseline:pixels")) {
      try FeatureExtractor("baseline:pixels", position: .embedding)
    }
    #expect(throws: EvaluationError.noEmbedding(model: "random:convnet_small")) {
      try FeatureExtractor("random:convnet_small", position: .embedding)
    }
  }

  @Test func `damage is found without a model`() throws {
    let people = try MadePeople()
    defer { people.remove() }
    let good = try people.write(person: 1, camera: 1, into: "a")
    let bad = try people.writeDamaged("x.png", into: "a")
    #expect(try PictureCheck.undecodable([good, bad, good]).map(\.path) == [bad])
  }
}
