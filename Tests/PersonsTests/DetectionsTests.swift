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
