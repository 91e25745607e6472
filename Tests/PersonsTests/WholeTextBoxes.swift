import Images
import Persons

/// The boxes of a text, read in the plain way that needs all of it in memory: what ``Detections``
/// must give.
struct WholeTextBoxes {
  private(set) var byFrame: [Int: [PersonBox]] = [:]

  init(_ text: String, name: String) throws {
    var count = 0
    for (number, line) in text.utf8.split(separator: 10, omittingEmptySubsequences: false)
      .enumerated()
    {
      let fields = line.split { [0x2c, 0x3b, 0x20, 0x09, 0x0d].contains($0) }
      guard let first = fields.first, first.first != UInt8(ascii: "#") else { continue }
      func refused(_ reason: String) -> DetectionError {
        .malformedLine(
          path: name, line: number + 1, text: String(decoding: line.prefix(60), as: UTF8.self),
          reason: reason)
      }
      func value(_ index: Int, _ column: String) throws -> Double {
        guard let value = Double(Substring(fields[index])), value.isFinite else {
          throw refused("a \(column) that is not a number")
        }
        return value
      }
      guard fields.count >= 6 else {
        throw refused("\(fields.count) columns where at least 6 are needed")
      }
      guard let frame = Int(exactly: try value(0, "frame")), frame >= 1 else {
        throw refused("a frame that is not a whole number from 1 on")
      }
      let identity = try value(1, "id")
      let rectangle = Rectangle(
        left: try value(2, "left"), top: try value(3, "top"), width: try value(4, "width"),
        height: try value(5, "height"))
      guard rectangle.width >= 0, rectangle.height >= 0 else {
        throw refused("a negative width or height")
      }
      var confidence = fields.count > 6 ? try value(6, "confidence") : 1
      if confidence == -1 { confidence = 1 }
      byFrame[frame, default: []].append(
        PersonBox(
          rectangle: rectangle, confidence: confidence,
          identity: Int(exactly: identity.rounded()).flatMap { $0 >= 0 ? $0 : nil }))
      count += 1
    }
    if count == 0 { throw DetectionError.empty(path: name) }
  }
}
