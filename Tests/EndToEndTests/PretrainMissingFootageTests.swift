import Foundation
import Testing

/// Footage that is not there when a run goes on, as when its disk is not mounted.
@Suite struct PretrainMissingFootageTests {
  private func arguments(_ footage: PretrainFootage) -> [String] {
    [footage.path("videos"), "--output", footage.path("run")] + footage.quick
  }

  private func resume(_ footage: PretrainFootage, _ arguments: [String] = []) throws -> ProgramRun {
    try ProgramRun(
      "vision-pretrain",
      ["--resume", footage.path("run"), "--threads", "1", "--json"] + arguments)
  }

  /// Checks that the run ends with 66 and one sentence that names `file`, and keeps no skip.
  private func expectMissing(
    _ file: String, _ run: ProgramRun, _ footage: PretrainFootage,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    #expect(run.exit == 66, "\(run.errors)", sourceLocation: sourceLocation)
    let error = run.object?["error"] as? String ?? ""
    #expect(error.contains(footage.path(file)), "\(error)", sourceLocation: sourceLocation)
    #expect(isOneSentence(error), "\(error)", sourceLocation: sourceLocation)
    let store = (try? footage.text("run/crops/store.json")) ?? ""
    #expect(!store.contains("skipped"), "\(store)", sourceLocation: sourceLocation)
  }

  private func move(_ footage: PretrainFootage, _ from: String, _ to: String) throws {
    try FileManager.default.moveItem(atPath: footage.path(from), toPath: footage.path(to))
  }

  @Test func `nothing cut yet`() throws {
    let footage = try PretrainFootage()
    defer { footage.remove() }
    try footage.writeLabelledWalk("videos/walk.mp4", frames: 12)
    let first = try ProgramRun("vision-pretrain", arguments(footage))
    #expect(first.exit == 0, "\(first.errors)")
    let model = try footage.data("run/best/model.safetensors")
    for name in ["crops", "last", "best"] {
      try FileManager.default.removeItem(atPath: footage.path("run/" + name))
    }
    try move(footage, "videos", "away")
    try expectMissing("videos/walk.mp4", resume(footage), footage)
    try expectMissing("videos/walk.mp4", resume(footage, ["--dry-run"]), footage)
    // The place where the disk is mounted is there, but empty.
    try FileManager.default.createDirectory(
      atPath: footage.path("videos"), withIntermediateDirectories: true)
    try expectMissing("videos/walk.mp4", resume(footage), footage)
    // The video without the boxes it had would be looked at by the detector, for other crops.
    try FileManager.default.copyItem(
      atPath: footage.path("away/walk.mp4"), toPath: footage.path("videos/walk.mp4"))
    try expectMissing("videos/walk.txt", resume(footage), footage)
    try FileManager.default.removeItem(atPath: footage.path("videos"))
    try move(footage, "away", "videos")
    let back = try resume(footage)
    #expect(back.exit == 0, "\(back.errors)")
    #expect(try footage.data("run/best/model.safetensors") == model)
  }

  @Test func `some crops cut`() throws {
    let footage = try PretrainFootage()
    defer { footage.remove() }
    try footage.writeLabelledWalk("videos/first.mp4", frames: 5)
    try footage.writeLabelledWalk("videos/second.mp4", frames: 120)
    let program = try RunningProgram("vision-pretrain", arguments(footage))
    #expect(
      program.wait { (try? footage.text("run/crops/store.json"))?.contains("first.mp4") == true })
    #expect(program.end(with: SIGKILL).bySignal)
    try move(footage, "videos", "away")
    try expectMissing("videos/second.mp4", resume(footage), footage)
    // What is cut is not needed again.
    try move(footage, "away", "videos")
    try FileManager.default.removeItem(atPath: footage.path("videos/first.mp4"))
    let back = try resume(footage)
    #expect(back.exit == 0, "\(back.errors)")
    #expect(back.object?["videos"] as? Int == 2 && back.object?["skipped"] as? Int == 0)
  }
}
