import Foundation
import Images

/// Folders of made pictures of persons that a program can be run on.
struct PersonPictures {
  let root: URL

  /// An empty folder, whose name needs care in a shell.
  init() throws {
    root = FileManager.default.temporaryDirectory
      .appendingPathComponent("people ünd 'Co' \(UUID().uuidString)")
    try FileManager.default.createDirectory(at: root, withIntermediateDirectories: true)
  }

  func remove() { try? FileManager.default.removeItem(at: root) }

  func path(_ name: String) -> String { root.appendingPathComponent(name).path }

  /// `query` and `bounding_box_test` of a set in Market-1501 layout: 4 persons, 3 cameras.
  func writeMarket(_ folder: String = "market") throws {
    for person in 1...4 {
      for camera in 1...3 {
        let split = camera == 1 ? "query" : "bounding_box_test"
        let name = "000\(person)_c\(camera)s1_000001_00.png"
        try write("\(folder)/\(split)/\(name)", person: person, tint: 4 * camera)
      }
    }
  }

  /// One picture at a path below the root.
  func write(_ name: String, person: Int, tint: Int = 0) throws {
    let file = root.appendingPathComponent(name)
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    let colours: [[Int]] = [[200, 30, 30], [30, 180, 40], [40, 60, 210], [210, 200, 40]]
    var pixels: [UInt8] = []
    for y in 0..<64 {
      for _ in 0..<32 {
        let colour = colours[(y < 32 ? person : person + 1) % 4]
        pixels += colour.map { UInt8(clamping: $0 + tint) }
      }
    }
    try Image(width: 32, height: 64, pixels: pixels).write(to: file)
  }

  /// Bytes that are no picture.
  func writeDamaged(_ name: String) throws {
    let file = root.appendingPathComponent(name)
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data([0xFF, 0xD8, 0xFF, 0xE0, 1, 2, 3]).write(to: file)
  }
}
