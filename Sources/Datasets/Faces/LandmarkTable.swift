import Foundation
import Images
import Spelling

/// A `landmarks.csv` beside pictures: `path`, then the coordinates of 5 or 68 points, `x1,y1,x2,y2,…`.
struct LandmarkTable {
  /// File name looked for in a data folder.
  static let fileName = "landmarks.csv"

  private var entries: [String: FaceLandmarks] = [:]

  /// Reads the table of a folder; nil if there is none.
  ///
  /// - Throws: ``DatasetError/badLabels(path:line:detail:)``.
  init?(folder: String) throws(DatasetError) {
    let path = folder + "/" + Self.fileName
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    let rows = CommaSeparated.rows([UInt8](try mappedFile(path)))
    guard rows.first?.fields.first?.lowercased() == "path" else {
      throw .badLabels(
        path: path, line: 1, detail: "the first line must name the columns: path,x1,y1,x2,y2,…")
    }
    for row in rows.dropFirst() {
      let numbers = row.fields.dropFirst().filter { !$0.isEmpty }.compactMap {
        Double($0.trimmingCharacters(in: .whitespaces))
      }
      guard let landmarks = FaceLandmarks(coordinates: numbers) else {
        throw .badLabels(
          path: path, line: row.line,
          detail: "it needs the coordinates of 5 or 68 points, but has \(numbers.count) numbers")
      }
      entries[row.fields[0].replacingOccurrences(of: "\\", with: "/")] = landmarks
    }
  }

  /// The points of a picture by its path from the folder of the table.
  func landmarks(_ relativePath: String) -> FaceLandmarks? { entries[relativePath] }
}
