import Foundation
import Testing

/// Training on the shipped videos learns something: a slow test, half a minute.
@Suite struct LearningTests {
  /// 600 steps of the recipe `tiny` at a quarter of its pixels.
  ///
  /// Five such runs, of other seeds and thread counts, reached 1.5 to 2.9 times the untrained mAP at a match
  /// precision of .76 to .84. A network that learns nothing stays at 1, one whose features fall together
  /// below it.
  @Test func `a short run finds other people better than an untrained network`() throws {
    let data = ReadmeTests.root.appending(path: "data").path
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "learning-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let run = try ProgramRun(
      "vision-pretrain",
      [
        data + "/walkers", "--detections", data + "/walkers/boxes", "--output", folder, "--seed",
        "1",
        "--threads", "2", "--quiet", "--json", "--steps", "600",
      ]
        + [
          "model.imageHeight=64", "model.imageWidth=32", "report.pictures=false",
          "isr.sampledPairs=20",
        ].flatMap { ["--set", $0] })
    #expect(run.exit == 0, "\(run.errors)")
    #expect((run.object?["alarms"] as? [String])?.isEmpty == true)
    let precision = try #require(run.object?["matchPrecision"] as? Double)
    #expect(precision >= 0.65)
    func score(_ model: String) throws -> Double {
      let run = try ProgramRun(
        "vision-evaluate",
        [
          model, "--task", "reid", "--data", data + "/people", "--seed", "1", "--threads", "2",
          "--json",
        ])
      #expect(run.exit == 0, "\(run.errors)")
      return try #require(run.object?["mAP"] as? Double)
    }
    let (trained, untrained) = (try score(folder), try score("random:convnet_small@64x32"))
    #expect(trained >= 1.25 * untrained, "\(trained) after \(untrained) untrained")
  }
}
