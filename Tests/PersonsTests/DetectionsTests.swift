import Foundation
import Images
import Testing

@testable import Persons

@Suite("Detections files")
struct DetectionsTests {
  @Test("Commas, spaces, comments, blank lines and carriage returns")
  func forms() throws {
    let text = """
      # frame,id,left,top,width,height,confidence

      2,7,10.5,20,30,60,0.75,1,0.5\r
      1, -1, 1e1, 2, 3, 4, -1
      2 8 11 21 31 61
      10\t3\t0\t0\t5\t9\t1\t

      """
    let detections = try Detections(text: text, name: "walk.txt")
    #expect(detections.count == 4)
    #expect(detections.boxes(frameNumber: 10).count == 1)
    let first = detections.boxes(frameNumber: 1)
    #expect(
      first == [PersonBox(rectangle: Rectangle(left: 10, top: 2, width: 3, height: 4))])
    let second = detections.boxes(frameNumber: 2)
    #expect(second.map(\.identity) == [7, 8])
    #expect(second.map(\.confidence) == [0.75, 1])
    #expect(second.first?.rectangle == Rectangle(left: 10.5, top: 20, width: 30, height: 60))
    #expect(detections.boxes(frameNumber: 3).isEmpty)
    #expect(detections.boxes(frameNumber: 10).first?.identity == 3)
  }

  @Test(
    "A wrong line is named by file and number",
    arguments: [
      "1,1,2,3,4", "0,1,2,3,4,5", "1.5,1,2,3,4,5", "1,1,x,3,4,5", "1,1,2,3,-4,5",
      "1,1,2,3,4,5,high", "1,1,nan,3,4,5", "-1,1,2,3,4,5",
    ])
  func malformed(line: String) throws {
    let error = #expect(throws: DetectionError.self) {
      try Detections(text: "1,1,2,3,4,5,1\n\n\(line)\n", name: "walk.txt")
    }
    guard case .malformedLine(let path, let number, let text, _) = error else {
      Issue.record("wrong error: \(String(describing: error))")
      return
    }
    #expect(path == "walk.txt" && number == 3 && text == line)
    #expect("\(try #require(error))".contains("walk.txt, line 3"))
  }

  /// Numbers as trackers write them, damage now and then.
  private static func made(seed: UInt64, lines: Int, damage: Int) -> String {
    var state = seed
    func random(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % bound
    }
    func decimal() -> String {
      switch random(5) {
      case 0: "\(random(2000) - 300)"
      case 1: "\(random(2000)).\(random(10))"
      case 2: "-\(random(300)).\(random(1000))"
      case 3: "\(random(9))\(random(9))e-1"
      default: "\(random(100)).\(random(10_000_000))"
      }
    }
    func size() -> String { "\(random(400)).\(random(1000))" }
    var text = "# boxes of “café”\n"
    for _ in 0..<lines {
      let separator = [",", ", ", " ", "\t", ";"][random(5)]
      var fields = ["\(random(40) + 1)", "\([-1, 7, 3_000_000_000, random(90)][random(4)])"]
      fields += [decimal(), decimal(), size(), size()]
      if random(3) > 0 { fields.append(["-1", "0.\(random(100_000))", "1"][random(3)]) }
      if random(4) == 0 { fields += ["1", "0.5", "é"] }
      if damage > 0, random(damage) == 0 {
        fields[random(fields.count)] = ["x", "-5", "nan"][random(3)]
      }
      if damage > 0, random(damage) == 0 { fields.removeLast(random(3)) }
      text += fields.joined(separator: separator) + ["\n", "\r\n", "\n\n"][random(3)]
    }
    return text
  }

  @Test("Files read in pieces give what the whole text gives", arguments: [0, 200, 20])
  func pieces(damage: Int) throws {
    try withFolder { folder in
      for seed in 0..<(damage == 0 ? 2 : 12) as Range<UInt64> {
        // Longer than a piece where all of it is read.
        let text = Self.made(seed: seed, lines: damage == 0 ? 4000 : 100, damage: damage)
        let file = folder.appendingPathComponent("made.txt")
        try Data(text.utf8).write(to: file)
        let expected = Result { try WholeTextBoxes(text, name: file.path) }
        let found = Result { try Detections(contentsOf: file) }
        switch (expected, found) {
        case (.success(let expected), .success(let found)):
          #expect(found.count == expected.byFrame.values.reduce(0) { $0 + $1.count })
          for frame in 0...41 {
            #expect(found.boxes(frameNumber: frame) == expected.byFrame[frame] ?? [])
          }
        case (.failure(let expected), .failure(let found)):
          #expect("\(expected)" == "\(found)")
        default:
          Issue.record("seed \(seed): \(expected) but \(found)")
        }
      }
    }
  }

  @Test("A box takes 32 bytes, and numbers that do not fit keep what can be kept")
  func compact() throws {
    #expect(MemoryLayout<CompactBox>.stride == 32)
    let detections = try Detections(
      text: "4294967295,17592186044414,123456.789012,-1e12,0.1234567891,2147483647,1e-3\n"
        + "3,17592186044415,0.1,0.2,1e300,7,0.333333333",
      name: "odd.txt")
    let last = try #require(detections.boxes(frameNumber: 4_294_967_295).first)
    #expect(last.identity == 17_592_186_044_414)
    #expect(last.rectangle.left == 123456.789)
    #expect(abs(last.rectangle.top + 1e12) < 1e5)
    #expect(last.rectangle.width == 0.123456789 && last.rectangle.height == 2_147_483_647)
    #expect(last.confidence == 0.001)
    let first = try #require(detections.boxes(frameNumber: 3).first)
    #expect(first.identity == nil && first.confidence == 0.333333333)
    #expect(first.rectangle.left == 0.1 && first.rectangle.top == 0.2)
    #expect(first.rectangle.width == Double(Float.greatestFiniteMagnitude))
    #expect(detections.boxes(frameNumber: Int.max - 1).isEmpty)
    #expect(throws: DetectionError.self) {
      try Detections(text: "4294967296,1,2,3,4,5", name: "late.txt")
    }
  }

  @Test("A file without boxes, without text, or without existence")
  func unusable() throws {
    #expect(throws: DetectionError.empty(path: "a.txt")) {
      try Detections(text: "# nobody\n", name: "a.txt")
    }
    try withFolder { folder in
      let binary = folder.appendingPathComponent("binary.txt")
      try Data([0xff, 0xfe, 0x00, 0x80]).write(to: binary)
      #expect(throws: DetectionError.self) { try Detections(contentsOf: binary) }
      #expect(throws: DetectionError.self) {
        try Detections(contentsOf: folder.appendingPathComponent("none.txt"))
      }
    }
  }

  @Test("Files beside a video, most specific first")
  func sidecars() throws {
    try withFolder { folder in
      let video = folder.appendingPathComponent("straße 1.mp4")
      #expect(Detections.sidecar(of: video) == nil)
      for name in [
        "straße 1/gt/gt.txt", "straße 1/det/det.txt", "straße 1.txt", "straße 1.mp4.txt",
      ] {
        let file = folder.appendingPathComponent(name)
        try touch(file)
        #expect(Detections.sidecar(of: video)?.path == file.path)
      }
    }
  }

  @Test("Files of a MOTChallenge sequence")
  func sequence() throws {
    try withFolder { folder in
      let frames = folder.appendingPathComponent("MOT16-02/img1")
      try FileManager.default.createDirectory(at: frames, withIntermediateDirectories: true)
      #expect(Detections.sidecar(of: frames) == nil)
      let truth = folder.appendingPathComponent("MOT16-02/gt/gt.txt")
      try touch(truth)
      #expect(Detections.sidecar(of: frames)?.path == truth.path)

      let boxes = folder.appendingPathComponent("boxes/MOT16-02.txt")
      try touch(boxes)
      let found = try Detections.file(at: folder.appendingPathComponent("boxes"), for: frames)
      #expect(found.path == boxes.path)
    }
  }

  @Test("A named file is taken, a named folder is searched, a missing one is an error")
  func named() throws {
    try withFolder { folder in
      let file = folder.appendingPathComponent("some.csv")
      try touch(file)
      let video = URL(fileURLWithPath: "/videos/walk.avi")
      #expect(try Detections.file(at: file, for: video).path == file.path)
      #expect(throws: DetectionError.noFile(video: "walk.avi", folder: folder.path)) {
        try Detections.file(at: folder, for: video)
      }
      let walk = folder.appendingPathComponent("walk.txt")
      try touch(walk)
      #expect(try Detections.file(at: folder, for: video).path == walk.path)
      #expect(throws: DetectionError.self) {
        try Detections.file(at: folder.appendingPathComponent("nowhere"), for: video)
      }
    }
  }

  private func touch(_ file: URL) throws {
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data("1,1,0,0,10,20\n".utf8).write(to: file)
  }

  private func withFolder(_ body: (URL) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("detections-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(folder)
  }
}
