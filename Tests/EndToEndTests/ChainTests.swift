import Foundation
import Storage
import Testing

/// What `vision-pretrain` makes, in the hands of `vision-evaluate`.
@Suite struct ChainTests {
  @Test func `a run of a named recipe is scored as a run, as a folder and by its embedding`() throws
  {
    let footage = try PretrainFootage()
    defer { footage.remove() }
    try footage.writeLabelledWalk("walk.mp4", frames: 12)
    let pretrained = try ProgramRun(
      "vision-pretrain",
      [
        footage.path("walk.mp4"), "--output", footage.path("run"), "--recipe", "tiny",
        "--objective", "both", "--backbone", "vit_tiny_patch16_224", "--steps", "1", "--threads",
        "2", "--json",
      ]
        + [
          "model.imageHeight=64", "model.imageWidth=32", "simmim.maskUnit=16",
          "extraction.minimumHeight=24",
          "simmim.batch=4", "isr.pairsPerBatch=2", "isr.gapMaximumStart=1",
        ].flatMap { ["--set", $0] })
    #expect(pretrained.exit == 0, "\(pretrained.errors)")
    #expect(pretrained.object?["steps"] as? Int == 2)

    let people = try PersonPictures()
    defer { people.remove() }
    try people.writeMarket()
    func evaluate(_ model: String, _ more: [String] = []) throws -> [String: Any] {
      let run = try ProgramRun(
        "vision-evaluate",
        [model, "--task", "reid", "--data", people.path("market"), "--json"] + more)
      #expect(run.exit == 0, "\(run.errors)")
      return try #require(run.object)
    }
    let features = people.path("features.safetensors")
    let whole = try evaluate(footage.path("run"), ["--features", features, "--threads", "1"])
    let folder = try evaluate(footage.path("run/best"), ["--threads", "1"])
    let embedded = try evaluate(footage.path("run"), ["--feature", "embedding"])
    for result in [whole, folder, embedded] {
      for key in ["mAP", "mINP", "rank1", "rank5", "rank10"] {
        let value = try #require(result[key] as? Double)
        #expect((0...1).contains(value), "\(key)")
      }
      for key in ["queries", "invalidQueries", "gallery"] { #expect(result[key] is Int, "\(key)") }
      #expect((result["interval"] as? [Double])?.count == 2 && result["protocol"] is String)
    }
    #expect(whole["mAP"] as? Double == folder["mAP"] as? Double)
    #expect(whole["weights"] as? String == folder["weights"] as? String)
    let file = try SafetensorsFile(contentsOf: URL(fileURLWithPath: features))
    #expect(file["features"]?.shape == [12, 192])
  }
}
