import Foundation
import Testing

/// Dry runs that are asked to stop: they end soon, say that nothing is left, and leave nothing.
@Suite struct DryRunInterruptionTests {
  /// Starts a dry run, sends it Ctrl-C once it has said `words`, and looks at what it leaves.
  private func interrupt(
    _ program: String, _ arguments: [String], after words: String, in root: URL
  ) throws {
    let files = FileManager.default
    let temporary = root.appendingPathComponent("temporary")
    try files.createDirectory(at: temporary, withIntermediateDirectories: true)
    let before = try files.subpathsOfDirectory(atPath: root.path).sorted()
    let errors = files.temporaryDirectory.appendingPathComponent("errors-\(UUID().uuidString)")
    defer { try? files.removeItem(at: errors) }
    let running = try RunningProgram(
      program, arguments + ["--dry-run"], errors: errors, environment: ["TMPDIR": temporary.path])
    func said() -> String { (try? String(contentsOf: errors, encoding: .utf8)) ?? "" }
    #expect(running.wait { said().contains(words) }, "\(said())")
    let end = running.end(with: SIGINT)
    #expect(!end.bySignal && end.code == 75, "\(end) \(said())")
    #expect(said().contains("nothing to resume"), "\(said())")
    #expect(try files.subpathsOfDirectory(atPath: root.path).sorted() == before)
  }

  @Test func `of vision-pretrain`() throws {
    let footage = try PretrainFootage()
    defer { footage.remove() }
    try footage.writeLabelledWalk(frames: 12)
    try interrupt(
      "vision-pretrain",
      [
        footage.path("walk.mp4"), "--backbone", "vit_tiny_patch16_224", "--set", "simmim.batch=16",
        "--output", footage.path("run"),
      ] + footage.quick, after: "Network:", in: footage.root)
  }

  @Test func `of vision-finetune`() throws {
    let people = try PersonPictures()
    defer { people.remove() }
    try people.writeMarket()
    for person in 1...4 {
      for camera in 1...3 {
        let name = "001\(person)_c\(camera)s1_000001_00.png"
        try people.write("market/bounding_box_train/\(name)", person: person, tint: 4 * camera)
      }
    }
    try interrupt(
      "vision-finetune",
      [
        "--task", "reid", "--data", people.path("market"), "--from",
        "random:vit_tiny_patch16_224@64x32", "--threads", "1", "--set", "reid.personsPerBatch=2",
        "--set", "reid.imagesPerPerson=2", "--set", "training.validationShare=0.5", "--output",
        people.path("run"),
      ], after: "Training:", in: URL(fileURLWithPath: people.path(".")))
  }
}
