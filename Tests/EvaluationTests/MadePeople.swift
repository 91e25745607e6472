import Foundation
import Images

/// A folder of pictures of made persons: each wears two colours, and each camera tints a little.
struct MadePeople {
  let root: URL

  init() throws {
    root = FileManager.default.temporaryDirectory
      .appendingPathComponent("evaluation-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: root, withIntermediateDirectories: true)
  }

  func remove() { try? FileManager.default.removeItem(at: root) }

  /// Writes `query` and `gallery` with one picture per person and camera, Market-1501 names.
  func writeMarket(persons: Int = 4, cameras: Int = 2) throws {
    for person in 1...persons {
      for camera in 1...cameras {
        let folder = camera == 1 ? "query" : "bounding_box_test"
        try write(person: person, camera: camera, into: folder)
      }
    }
  }

  /// Writes one picture and returns its path.
  @discardableResult
  func write(person: Int, camera: Int, into folder: String, shift: Int = 0) throws -> String {
    let name = "000\(person)_c\(camera)s1_00000\(shift)_00.png"
    let url = root.appendingPathComponent(folder)
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    let file = url.appendingPathComponent(name)
    try Self.picture(person: person, tint: camera * 3 + shift).write(to: file)
    return file.path
  }

  /// Writes bytes that are no picture under a picture's name.
  @discardableResult
  func writeDamaged(_ name: String, into folder: String) throws -> String {
    let url = root.appendingPathComponent(folder)
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    let file = url.appendingPathComponent(name)
    try Data("no picture".utf8).write(to: file)
    return file.path
  }

  /// A person of 24×48 pixels: one colour above, another below, a mark on the left side.
  static func picture(person: Int, tint: Int) -> Image {
    let colours: [[Int]] = [[200, 30, 30], [30, 180, 40], [40, 60, 210], [210, 200, 40]]
    var pixels: [UInt8] = []
    for y in 0..<48 {
      for x in 0..<24 {
        let base = y < 24 ? colours[(person - 1) % 4] : colours[person % 4]
        let mark = x < 6 ? 20 : 0
        pixels += base.map { UInt8(clamping: $0 + tint + mark) }
      }
    }
    return Image(width: 24, height: 48, pixels: pixels)
  }
}
