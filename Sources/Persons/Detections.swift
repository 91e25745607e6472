public import Foundation
import Images

/// The boxes of one video, read from a text file in the form of MOTChallenge.
///
/// A line holds `frame,id,left,top,width,height,confidence,…` with frames counted from 1 in decode
/// order and pixels counted from the top-left corner. Spaces and tabs may take the place of commas,
/// columns after the seventh are skipped, blank lines and lines that begin with `#` as well. A
/// missing confidence, or the -1 that trackers write for “unknown”, counts as 1; an id below 0 is no
/// identity.
///
/// **Source**: Milan, Leal-Taixé, Reid, Roth, Schindler, MOT16: A Benchmark for Multi-Object
/// Tracking, 2016, arXiv 1603.00831, section 3.3.
public struct Detections: Sendable {
  /// Number of boxes in the file.
  public var count: Int { boxes.count }

  private let boxes: [PersonBox]
  private let ranges: [Int: Range<Int>]

  /// Reads a file.
  ///
  /// - Throws: ``DetectionError`` if the file cannot be read, a line is no box, or there are none.
  public init(contentsOf url: URL) throws(DetectionError) {
    let data: Data
    do {
      data = try Data(contentsOf: url)
    } catch {
      throw .unreadable(path: url.path, reason: "it is missing or may not be opened")
    }
    guard let text = String(validating: data, as: UTF8.self) else {
      throw .unreadable(path: url.path, reason: "it is not text in UTF-8")
    }
    try self.init(text: text, name: url.path)
  }

  /// Reads the text of a file; `name` appears in error messages.
  ///
  /// - Throws: ``DetectionError`` if a line is no box, or there are none.
  public init(text: String, name: String) throws(DetectionError) {
    var rows: [(frame: Int, box: PersonBox)] = []
    var number = 0
    for line in text.utf8.split(omittingEmptySubsequences: false, whereSeparator: Self.isNewline) {
      number += 1
      let fields = line.split(whereSeparator: Self.isSeparator)
      guard let first = fields.first, first.first != UInt8(ascii: "#") else { continue }
      do throws(LineProblem) {
        rows.append(try Self.box(from: fields))
      } catch {
        let shown = String(decoding: line.prefix(60), as: UTF8.self)
        throw .malformedLine(
          path: name, line: number, text: shown, reason: error.reason)
      }
    }
    guard !rows.isEmpty else { throw .empty(path: name) }

    let order = rows.indices.sorted { (rows[$0].frame, $0) < (rows[$1].frame, $1) }
    var ranges: [Int: Range<Int>] = [:]
    var start = 0
    for position in order.indices {
      let frame = rows[order[position]].frame
      if position + 1 == order.count || rows[order[position + 1]].frame != frame {
        ranges[frame] = start..<(position + 1)
        start = position + 1
      }
    }
    self.boxes = order.map { rows[$0].box }
    self.ranges = ranges
  }

  /// The boxes of a frame counted from 1 in decode order, in the order of the file.
  public func boxes(frameNumber: Int) -> [PersonBox] {
    ranges[frameNumber].map { Array(boxes[$0]) } ?? []
  }

  // MARK: Lines

  private typealias Field = Substring.UTF8View.SubSequence

  private struct LineProblem: Error {
    let reason: String
  }

  private static func isNewline(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "\n") }

  private static func isSeparator(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: " "), UInt8(ascii: "\t"),
      UInt8(ascii: "\r"):
      return true
    default:
      return false
    }
  }

  private static func box(from fields: [Field]) throws(LineProblem) -> (Int, PersonBox) {
    guard fields.count >= 6 else {
      throw LineProblem(reason: "\(fields.count) columns where at least 6 are needed")
    }
    let frame = try number(fields[0], "frame")
    guard let frame = Int(exactly: frame), frame >= 1 else {
      throw LineProblem(reason: "a frame that is not a whole number from 1 on")
    }
    let identity = try number(fields[1], "id")
    let rectangle = Rectangle(
      left: try number(fields[2], "left"), top: try number(fields[3], "top"),
      width: try number(fields[4], "width"), height: try number(fields[5], "height"))
    guard rectangle.width >= 0, rectangle.height >= 0 else {
      throw LineProblem(reason: "a negative width or height")
    }
    var confidence = fields.count > 6 ? try number(fields[6], "confidence") : 1
    if confidence == -1 { confidence = 1 }
    let person = Int(exactly: identity.rounded()).flatMap { $0 >= 0 ? $0 : nil }
    return (frame, PersonBox(rectangle: rectangle, confidence: confidence, identity: person))
  }

  private static func number(_ field: Field, _ column: String) throws(LineProblem) -> Double {
    guard let value = Double(Substring(field)), value.isFinite else {
      throw LineProblem(reason: "a \(column) that is not a number")
    }
    return value
  }
}
