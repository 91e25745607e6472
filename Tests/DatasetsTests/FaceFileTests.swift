import Foundation
import Images
import Testing

@testable import Datasets

struct FaceFileTests {
  private static func pickles() throws -> [String: String] {
    let url = Bundle.module.bundleURL.appending(path: "Goldens/faces.json")
    return try JSONDecoder().decode([String: String].self, from: Data(contentsOf: url))
  }

  private static func bytes(_ name: String) throws -> [UInt8] {
    let text = try #require(try pickles()[name])
    let data = try #require(Data(base64Encoded: text))
    return [UInt8](data)
  }

  @Test(arguments: [
    "protocol2", "protocol3", "protocol4", "protocol5", "list", "arrays", "arrays5", "columns2",
    "python2",
  ])
  func `pairs are read from pickles of every age`(name: String) throws {
    let folder = try TemporaryFolder()
    try folder.write("lfw.bin", try Self.bytes(name))
    let pairs = try FacePairs(pickle: folder.path + "/lfw.bin")
    #expect(pairs.name == "lfw" && pairs.pictures.count == 4)
    #expect(pairs.pairs.map(\.isSame) == [true, false] && pairs.genuineCount == 1)
    #expect(pairs.pairs[1].first == 2 && pairs.pairs[1].second == 3)
    #expect(try pairs.pictures.map { try $0.image().pixels[0] } == [10, 90, 170, 250])
  }

  @Test func `a pickle that would run a program is refused`() throws {
    let folder = try TemporaryFolder()
    try folder.write("lfw.bin", try Self.bytes("program"))
    let text = message { _ = try FacePairs(pickle: folder.path + "/lfw.bin") }
    #expect(text.contains("lfw.bin") && text.contains("system") && text.contains("not run"))
  }

  @Test func `a cut or foreign pickle is told with its byte`() throws {
    let folder = try TemporaryFolder()
    try folder.write("cut.bin", try Self.bytes("cut"))
    #expect(message { _ = try FacePairs(pickle: folder.path + "/cut.bin") }.contains("at byte"))
    try folder.write("other.bin", "no pickle at all")
    #expect(message { _ = try FacePairs(pickle: folder.path + "/other.bin") }.contains("other.bin"))
    try folder.write("number.bin", [0x80, 2, 0x4B, 7, 0x2E])
    #expect(
      message { _ = try FacePairs(pickle: folder.path + "/number.bin") }.contains("truth values"))
  }

  // MARK: Records

  private static func word(_ value: UInt32) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian) { Array($0) }
  }

  /// A record's payload with labels as 32-bit numbers, or 64-bit ones where `isWide`.
  private static func payload(
    flag: Int, labels: [Double], picture: [UInt8], isWide: Bool = false
  ) -> [UInt8] {
    var bytes = word(UInt32(flag))
    bytes += word(flag == 0 ? Float(labels[0]).bitPattern : 0)
    bytes += [UInt8](repeating: 0, count: 16)
    if flag > 0 {
      for label in labels {
        bytes +=
          isWide
          ? withUnsafeBytes(of: label.bitPattern.littleEndian) { Array($0) }
          : word(Float(label).bitPattern)
      }
    }
    return bytes + picture
  }

  /// Writes records with keys from 0 (or `firstKey`) on; a payload is divided where it holds the magic word.
  private static func write(
    _ payloads: [[UInt8]], to folder: TemporaryFolder, firstKey: Int = 0
  ) throws {
    var file: [UInt8] = []
    var index = ""
    let magic = word(RecordFile.magic)
    for (place, payload) in payloads.enumerated() {
      index += "\(firstKey + place)\t\(file.count)\n"
      var parts: [[UInt8]] = [[]]
      var at = 0
      while at < payload.count {
        if payload[at...].starts(with: magic) {
          parts.append([])
          at += 4
        } else {
          parts[parts.count - 1].append(payload[at])
          at += 1
        }
      }
      for (number, part) in parts.enumerated() {
        let kind: UInt32 =
          parts.count == 1 ? 0 : number == 0 ? 1 : number == parts.count - 1 ? 3 : 2
        file += magic + word(kind << 29 | UInt32(part.count)) + part
        while file.count % 4 != 0 { file.append(0) }
      }
    }
    try folder.write("train.rec", file)
    try folder.write("train.idx", index)
  }

  private static func picture(_ red: UInt8) throws -> [UInt8] {
    try Image(width: 4, height: 4, red: red, green: 1, blue: 2).encodedPNG()
  }

  @Test func `record 0 tells which records are pictures`() throws {
    let folder = try TemporaryFolder()
    try Self.write(
      [
        Self.payload(flag: 2, labels: [4, 6], picture: []),
        Self.payload(flag: 0, labels: [0], picture: try Self.picture(10)),
        Self.payload(flag: 2, labels: [0, 1], picture: try Self.picture(20)),
        Self.payload(flag: 0, labels: [5], picture: try Self.picture(30)),
        Self.payload(flag: 2, labels: [1, 3], picture: []),
        Self.payload(flag: 2, labels: [3, 4], picture: []),
      ], to: folder)
    let faces = try FaceFolder(path: folder.path)
    #expect(faces.pictures.map(\.person) == [0, 0, 5] && faces.personCount == 2)
    #expect(try faces.pictures.map { try $0.image().pixels[0] } == [10, 20, 30])
    #expect(faces.pictures[0].path.hasSuffix("train.rec#1"))
  }

  @Test func `without record 0 and with flag 0 every record is a picture`() throws {
    let folder = try TemporaryFolder()
    let payloads = [
      Self.payload(flag: 0, labels: [1], picture: try Self.picture(10)),
      Self.payload(flag: 0, labels: [2], picture: try Self.picture(20)),
    ]
    for first in [0, 1] {
      try Self.write(payloads, to: folder, firstKey: first)
      let pictures = try FaceRecords(path: folder.path + "/train.rec").pictures
      #expect(pictures.map(\.person) == [1, 2])
    }
  }

  @Test func `a divided record gets its magic words back and wide labels are read`() throws {
    let folder = try TemporaryFolder()
    let magic = Self.word(RecordFile.magic)
    let picture = try Self.picture(40)
    let tail = magic + [1, 2, 3] + magic
    try Self.write(
      [
        Self.payload(flag: 0, labels: [3], picture: picture + tail),
        Self.payload(flag: 2, labels: [7, 1], picture: picture, isWide: true),
      ], to: folder, firstKey: 1)
    let file = try RecordFile(path: folder.path + "/train.rec")
    #expect(try file.record(at: file.index[0].offset).picture == picture + tail)
    let wide = try file.record(at: file.index[1].offset)
    #expect(wide.labels == [7, 1] && wide.picture == picture)
    #expect(try FaceRecords(path: file.path).pictures.map(\.person) == [3, 7])
  }

  @Test func `damaged records are told with file, place and reason`() throws {
    let folder = try TemporaryFolder()
    try Self.write(
      [Self.payload(flag: 0, labels: [0.5], picture: try Self.picture(1))], to: folder, firstKey: 3)
    let path = folder.path + "/train.rec"
    #expect(message { _ = try FaceRecords(path: path) }.contains("record 3 has the label 0.5"))
    try folder.write("train.idx", "1\t0\n2\tx\n")
    #expect(message { _ = try RecordFile(path: path) }.contains("Line 2"))
    try folder.write("train.idx", "1\t4\n")
    #expect(message { _ = try FaceRecords(path: path) }.contains("magic word"))
    try folder.write("train.idx", "1\t99999\n")
    #expect(message { _ = try RecordFile(path: path) }.contains("outside"))
    try FileManager.default.removeItem(atPath: folder.path + "/train.idx")
    #expect(message { _ = try RecordFile(path: path) }.contains("train.idx"))
  }
}
