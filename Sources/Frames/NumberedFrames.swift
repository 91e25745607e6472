import Foundation
import Spelling

/// The numbered pictures of a folder, in the order of their numbers.
///
/// The last number in a file name counts; what stands before and after it must be the same for
/// all: `000001.jpg`, `000002.jpg`, or `take 2 frame-9.png`, `take 2 frame-10.png`. Pictures that
/// do not fit the longest series, such as a cover, are left out.
struct NumberedFrames {
  /// Extensions of still pictures, in lower case.
  static let extensions: Set<String> = [
    "jpg", "jpeg", "jpe", "jfif", "png", "pgm", "ppm", "pnm", "pbm", "bmp", "tif", "tiff", "webp",
    "tga", "jp2", "exr", "dpx",
  ]

  /// File names of the frames in order.
  let names: [String]

  /// Finds the series among the names of a folder.
  ///
  /// - Returns: `nil` unless two or more pictures make up a series and it holds more than half of
  ///   all pictures: a folder of photographs with various names is no video.
  init?(in names: [String]) {
    let pictures = names.filter(Self.isPicture)
    let series = Dictionary(grouping: pictures.compactMap(Numbered.init), by: \.frame)
    guard let longest = series.values.max(by: { ($0.count, $1[0].name) < ($1.count, $0[0].name) }),
      longest.count >= 2, longest.count * 2 > pictures.count
    else { return nil }
    self.names = longest.map(\.name).sorted(by: NaturalOrder.precedes)
  }

  static func isPicture(_ name: String) -> Bool {
    guard !name.hasPrefix("."), let dot = name.lastIndex(of: ".") else { return false }
    return extensions.contains(name[name.index(after: dot)...].lowercased())
  }

  /// A file name taken apart at its last number before the extension.
  private struct Numbered {
    let name: String
    /// What stands around the number: equal within a series.
    let frame: [ArraySlice<UInt8>]

    init?(_ name: String) {
      let bytes = Array(name.utf8)
      guard let dot = bytes.lastIndex(of: UInt8(ascii: ".")),
        let last = bytes[..<dot].lastIndex(where: NaturalOrder.isDigit)
      else { return nil }
      let first = bytes[..<last].lastIndex { !NaturalOrder.isDigit($0) }.map { $0 + 1 } ?? 0
      self.name = name
      frame = [bytes[..<first], bytes[(last + 1)...]]
    }
  }
}
