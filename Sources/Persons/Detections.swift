public import Foundation

/// The boxes of one video, read from a text file in the form of MOTChallenge.
///
/// A line holds `frame,id,left,top,width,height,confidence,…` with frames counted from 1 in decode
/// order and pixels counted from the top-left corner. Spaces and tabs may take the place of commas,
/// columns after the seventh are skipped, blank lines and lines that begin with `#` as well. A
/// missing confidence, or the -1 that trackers write for “unknown”, counts as 1; an id below 0, or
/// beyond 17592186044414, is no identity.
///
/// **Memory**: 32 bytes a box, and at most 100 while the file is read and put in order; the text
/// itself is read in pieces. Numbers of up to nine digits are kept as they stand, longer ones to nine.
///
/// **Source**: Milan, Leal-Taixé, Reid, Roth, Schindler, MOT16: A Benchmark for Multi-Object
/// Tracking, 2016, arXiv 1603.00831, section 3.3.
public struct Detections: Sendable {
  /// Number of boxes in the file.
  public var count: Int { boxes.count }

  /// In the order of their frames, those of one frame in the order of the file.
  private let boxes: [CompactBox]

  private static let pieceBytes = 1 << 16

  /// Reads a file.
  ///
  /// - Throws: ``DetectionError`` if the file cannot be read, a line is no box, or there are none.
  public init(contentsOf url: URL) throws(DetectionError) {
    var reader = BoxReader(name: url.path)
    do {
      let file = try FileHandle(forReadingFrom: url)
      defer { try? file.close() }
      while let piece = try file.read(upToCount: Self.pieceBytes), !piece.isEmpty {
        piece.withUnsafeBytes { reader.append($0.bindMemory(to: UInt8.self)) }
      }
    } catch {
      throw .unreadable(path: url.path, reason: "it is missing or may not be opened")
    }
    boxes = Self.ordered(try reader.finish())
  }

  /// Reads the text of a file; `name` appears in error messages.
  ///
  /// - Throws: ``DetectionError`` if a line is no box, or there are none.
  public init(text: String, name: String) throws(DetectionError) {
    var reader = BoxReader(name: name)
    var text = text
    text.withUTF8 { reader.append($0) }
    boxes = Self.ordered(try reader.finish())
  }

  /// The boxes of a frame counted from 1 in decode order, in the order of the file.
  public func boxes(frameNumber: Int) -> [PersonBox] {
    boxes[position(of: frameNumber)..<position(of: frameNumber + 1)].map(\.box)
  }

  /// Where the boxes of a frame begin, or would.
  private func position(of frameNumber: Int) -> Int {
    var range = 0..<boxes.count
    while !range.isEmpty {
      let middle = range.lowerBound + range.count / 2
      if Int(boxes[middle].frame) < frameNumber {
        range = middle + 1..<range.upperBound
      } else {
        range = range.lowerBound..<middle
      }
    }
    return range.lowerBound
  }

  private static func ordered(_ boxes: [CompactBox]) -> [CompactBox] {
    let isOrdered = zip(boxes, boxes.dropFirst()).allSatisfy { $0.frame <= $1.frame }
    if isOrdered { return boxes }
    let order = (0..<UInt32(clamping: boxes.count)).sorted {
      (boxes[Int($0)].frame, $0) < (boxes[Int($1)].frame, $1)
    }
    return order.map { boxes[Int($0)] }
  }
}
