import Foundation

/// The URL of a path.
func fileURL(_ path: String) -> URL { URL(fileURLWithPath: path) }

/// The bytes of a file, paged in as they are read.
///
/// - Throws: ``DatasetError/missing(path:)`` or ``DatasetError/cannotRead(path:reason:)``.
func mappedFile(_ path: String) throws(DatasetError) -> Data {
  guard FileManager.default.fileExists(atPath: path) else { throw .missing(path: path) }
  do {
    return try Data(contentsOf: fileURL(path), options: .alwaysMapped)
  } catch {
    throw .cannotRead(path: path, reason: error.localizedDescription)
  }
}

/// The lines of a text file with their numbers from 1, each divided at blanks; empty ones left out.
func tableLines(_ path: String) throws(DatasetError) -> [(line: Int, cells: [String])] {
  let text = String(decoding: try mappedFile(path), as: UTF8.self)
  return text.split(separator: "\n", omittingEmptySubsequences: false).enumerated().compactMap {
    let cells = $0.element.split(whereSeparator: \.isWhitespace).map(String.init)
    return cells.isEmpty ? nil : ($0.offset + 1, cells)
  }
}
