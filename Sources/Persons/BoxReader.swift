import Foundation
import Images

/// Reads the lines of a file of boxes from pieces of it, in the order of the file.
///
/// Only the line that the end of a piece cuts in two is kept until the next piece.
struct BoxReader {
  private let name: String
  private var boxes: [CompactBox] = []
  private var line = 0
  /// The beginning of a line whose end has not come yet.
  private var rest: [UInt8] = []
  /// Where the first columns of a line lie.
  private var columns: [Range<Int>] = []
  /// The first line that is no box; what comes after it is looked at for text only.
  private var problem: DetectionError?
  private var isText = true

  /// Columns that are read.
  private static let columnCount = 7

  /// `name` appears in error messages.
  init(name: String) {
    self.name = name
  }

  /// Takes in the next piece of the file.
  mutating func append(_ piece: UnsafeBufferPointer<UInt8>) {
    var start = 0
    while let base = piece.baseAddress, start < piece.count,
      let found = memchr(base + start, 10, piece.count - start)
    {
      let end = UnsafeRawPointer(found) - UnsafeRawPointer(base)
      if rest.isEmpty {
        read(UnsafeBufferPointer(rebasing: piece[start..<end]))
      } else {
        rest += piece[start..<end]
        readRest()
      }
      start = end + 1
    }
    rest += piece[start...]
  }

  /// The boxes, once the last piece has been taken in.
  ///
  /// - Throws: ``DetectionError`` if the file is no text, a line is no box, or there are none.
  mutating func finish() throws(DetectionError) -> [CompactBox] {
    readRest()
    guard isText else { throw .unreadable(path: name, reason: "it is not text in UTF-8") }
    if let problem { throw problem }
    guard !boxes.isEmpty else { throw .empty(path: name) }
    return boxes
  }

  private mutating func readRest() {
    let line = rest
    rest.removeAll(keepingCapacity: true)
    line.withUnsafeBufferPointer { read($0) }
  }

  private mutating func read(_ bytes: UnsafeBufferPointer<UInt8>) {
    line += 1
    guard isText else { return }
    columns.removeAll(keepingCapacity: true)
    var isPlain = true
    var start: Int?
    for index in 0..<bytes.count {
      let byte = bytes[index]
      if byte >= 0x80 { isPlain = false }
      if Self.isSeparator(byte) {
        if let first = start, columns.count < Self.columnCount { columns.append(first..<index) }
        start = nil
      } else if start == nil {
        start = index
      }
    }
    if let start, columns.count < Self.columnCount { columns.append(start..<bytes.count) }
    if !isPlain, String(validating: bytes, as: UTF8.self) == nil {
      isText = false
      return
    }
    guard problem == nil, let first = columns.first, bytes[first.lowerBound] != UInt8(ascii: "#")
    else { return }
    do throws(LineProblem) {
      boxes.append(try box(in: bytes))
    } catch {
      problem = .malformedLine(
        path: name, line: line, text: String(decoding: bytes.prefix(60), as: UTF8.self),
        reason: error.reason)
    }
  }

  // MARK: Lines

  private struct LineProblem: Error {
    let reason: String
  }

  private static func isSeparator(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: " "), UInt8(ascii: "\t"),
      UInt8(ascii: "\r"):
      return true
    default:
      return false
    }
  }

  private func box(in bytes: UnsafeBufferPointer<UInt8>) throws(LineProblem) -> CompactBox {
    func number(_ column: Int, _ meaning: String) throws(LineProblem) -> Double {
      let field = UnsafeBufferPointer(rebasing: bytes[columns[column]])
      guard let value = Double(String(decoding: field, as: UTF8.self)), value.isFinite else {
        throw LineProblem(reason: "a \(meaning) that is not a number")
      }
      return value
    }
    guard columns.count >= 6 else {
      throw LineProblem(reason: "\(columns.count) columns where at least 6 are needed")
    }
    guard let frame = Int(exactly: try number(0, "frame")), frame >= 1 else {
      throw LineProblem(reason: "a frame that is not a whole number from 1 on")
    }
    guard let frame = UInt32(exactly: frame) else {
      throw LineProblem(reason: "a frame beyond \(UInt32.max)")
    }
    let identity = try number(1, "id")
    let rectangle = Rectangle(
      left: try number(2, "left"), top: try number(3, "top"), width: try number(4, "width"),
      height: try number(5, "height"))
    guard rectangle.width >= 0, rectangle.height >= 0 else {
      throw LineProblem(reason: "a negative width or height")
    }
    var confidence = columns.count > 6 ? try number(6, "confidence") : 1
    if confidence == -1 { confidence = 1 }
    let person = Int(exactly: identity.rounded()).flatMap { $0 >= 0 ? $0 : nil }
    return CompactBox(
      frame: frame,
      PersonBox(rectangle: rectangle, confidence: confidence, identity: person))
  }
}
