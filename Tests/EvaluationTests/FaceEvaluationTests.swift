import Datasets
import Foundation
import Images
import Metrics
import Testing

@testable import Evaluation

@Suite struct FaceEvaluationTests {
  /// Ten persons of one colour each, in three brightnesses.
  private func faces() throws -> URL {
    let root = FileManager.default.temporaryDirectory
      .appendingPathComponent("evaluated-faces-\(UUID().uuidString)")
    for person in 0..<10 {
      let folder = root.appendingPathComponent("p\(person)")
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      for number in 0..<3 {
        var pixels: [UInt8] = []
        for y in 0..<40 {
          for x in 0..<32 {
            // Stripes as wide as the person's number tells.
            let isBright = (x / (person + 1) + y / 8) % 2 == 0
            let value = UInt8((isBright ? 180 : 60) + 10 * number)
            pixels += [value, value, UInt8(20 * person)]
          }
        }
        try Image(width: 32, height: 40, pixels: pixels)
          .write(to: folder.appendingPathComponent("\(number).png"))
      }
    }
    return root
  }

  @Test func `keys of the contract that the data cannot tell are null`() throws {
    let data = try JSONEncoder().encode(FaceScores())
    let object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    for key in [
      "accuracy", "accuracyStd", "auc", "tarAtFar", "rank1", "rank5", "tpirAtFpir",
    ] { #expect(object[key] is NSNull, "\(key)") }
  }

  @Test func `pixels tell stripes apart, worse at few rows`() throws {
    let root = try faces()
    defer { try? FileManager.default.removeItem(at: root) }
    let test = try FaceTest(path: root.path, seed: 1)
    let evaluation = FaceEvaluation(test, settings: FaceScoringSettings(resolutions: [20, 4]))
    var described = 0
    let result = try evaluation.result(of: FeatureExtractor("baseline:pixels")) { described += $0 }
    #expect(described == evaluation.pictureCount)
    #expect(result.scores.map(\.rows) == [nil, 20, 4])
    let native = result.scores[0]
    #expect(native.ranks[1] == 1 && (native.curve?.area ?? 0) > 0.9)
    #expect((native.curve?.area ?? 0) >= (result.scores[2].curve?.area ?? 1))
    #expect(native.truePositiveRates.map(\.rate) == [0.01, 0.1, 0.2, 0.3])
    #expect(result.pictures == 30 && result.unaligned == 30)
    let data = try JSONEncoder().encode(result)
    let object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    for key in [
      "accuracy", "accuracyStd", "auc", "tarAtFar", "rank1", "rank5", "tpirAtFpir", "byResolution",
      "pairs", "protocol",
    ] {
      #expect(object[key] != nil, "\(key)")
    }
    #expect((object["byResolution"] as? [[String: Any]])?.count == 3)
    let rates = try #require(object["tpirAtFpir"] as? [String: Double])
    #expect(Set(rates.keys).isSuperset(of: ["0.01", "0.1", "0.2", "0.3"]))
    for key in ["accuracyInterval", "aucInterval", "rank1Interval"] {
      #expect((object[key] as? [Double])?.count == 2, "\(key)")
    }
  }

  @Test func `pictures that cannot be decoded leave their pairs out`() throws {
    let root = try faces()
    defer { try? FileManager.default.removeItem(at: root) }
    try Data([1, 2]).write(to: root.appendingPathComponent("p3/1.png"))
    let test = try FaceTest(path: root.path)
    let result = try FaceEvaluation(test, settings: FaceScoringSettings())
      .result(of: FeatureExtractor("baseline:pixels"))
    #expect(result.skipped.map(\.path).contains { $0.hasSuffix("p3/1.png") })
    #expect(result.scores[0].verification?.foldAccuracies.count == 5)
  }

  @Test func `gallery pictures of a person can be pooled`() throws {
    let root = try faces()
    defer { try? FileManager.default.removeItem(at: root) }
    let kit = root.appendingPathComponent("kit")
    for person in 0..<4 {
      for (number, part) in ["gallery", "gallery", "query"].enumerated() {
        let folder = kit.appendingPathComponent("\(part)/p\(person)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try FileManager.default.copyItem(
          at: root.appendingPathComponent("p\(person)/\(number).png"),
          to: folder.appendingPathComponent("\(number).png"))
      }
    }
    let test = try FaceTest(path: kit.path)
    let extractor = try FeatureExtractor("baseline:pixels")
    for pooling in [nil, TemplatePooling.meanOfUnits, .sum, .squaredLength] {
      let result = try FaceEvaluation(test, settings: FaceScoringSettings(pooling: pooling))
        .result(of: extractor)
      let rank = try #require(result.scores[0].ranks[1])
      // With as many vectors as persons everybody is among the first four.
      #expect((pooling == nil || result.scores[0].ranks[5] == 1) && (0...1).contains(rank))
      #expect(result.protocolText.contains("pooled by") == (pooling != nil))
    }
  }

  @Test func `templates of listed media are compared`() throws {
    let root = try faces()
    defer { try? FileManager.default.removeItem(at: root) }
    let kit = root.appendingPathComponent("kit")
    try FileManager.default.createDirectory(
      at: kit.appendingPathComponent("loose_crop"), withIntermediateDirectories: true)
    var (points, media, pairs) = ("", "", "")
    for person in 0..<4 {
      for number in 0..<3 {
        let name = "\(person)-\(number).png"
        try FileManager.default.copyItem(
          at: root.appendingPathComponent("p\(person)/\(number).png"),
          to: kit.appendingPathComponent("loose_crop/\(name)"))
        points += "\(name) 10 15 22 15 16 22 11 30 21 30 0.9\n"
        media += "\(name) \(10 * person + number / 2) \(number)\n"
      }
      pairs += "\(10 * person) \(10 * person + 1) 1\n"
      pairs += "\(10 * person) \(10 * ((person + 1) % 4) + 1) 0\n"
    }
    for (name, text) in [
      ("t_name_5pts_score.txt", points), ("t_face_tid_mid.txt", media),
      ("t_template_pair_label.txt", pairs),
    ] {
      try Data(text.utf8).write(to: kit.appendingPathComponent(name))
    }
    let test = try FaceTest(path: kit.path)
    let result = try FaceEvaluation(test, settings: FaceScoringSettings())
      .result(of: FeatureExtractor("baseline:pixels"))
    #expect(result.unaligned == 0 && result.pairCount == 8)
    #expect(result.scores[0].curve?.area == 1)
    #expect(result.scores[0].verification == nil)
  }

  @Test func `reducing takes the mean over areas`() throws {
    var pixels = [UInt8](repeating: 0, count: 16 * 16 * 3)
    for index in pixels.indices where (index / 3) % 2 == 0 { pixels[index] = 200 }
    let reduced = try Image(width: 16, height: 16, pixels: pixels).withReducedResolution(rows: 8)
    #expect(reduced.width == 16 && reduced.height == 16)
    #expect(reduced.pixels.allSatisfy { abs(Int($0) - 100) < 6 })
    let small = Image(width: 4, height: 4, red: 3)
    #expect(try small.withReducedResolution(rows: 8) == small)
  }
}
