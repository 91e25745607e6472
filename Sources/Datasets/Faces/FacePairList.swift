import Foundation
import Spelling

/// Lists of pairs beside folders of pictures: `pairs.txt` of Labeled Faces in the Wild, or `pairs.csv`.
enum FacePairList {
  /// Names that are looked for in a data folder.
  static let fileNames = ["pairs.csv", "pairs.txt"]

  /// The pairs of a folder; nil where it has no list.
  ///
  /// `pairs.csv` has the columns `first,second,same` with paths from the folder. `pairs.txt` begins with
  /// folds and pairs, then has `NAME 1 2` for two pictures of a person and `NAME 1 OTHER 2` for two
  /// persons, pictures being `NAME/NAME_0001.jpg`.
  ///
  /// - Throws: ``DatasetError/badLabels(path:line:detail:)`` naming the line that cannot be used.
  static func read(folder: String, landmarks: LandmarkTable?) throws(DatasetError) -> FacePairs? {
    for name in fileNames {
      let path = folder + "/" + name
      guard FileManager.default.fileExists(atPath: path) else { continue }
      let lines =
        name.hasSuffix(".csv") ? try commaSeparated(path) : try faces(path, folder: folder)
      var numbers: [String: Int] = [:]
      var pictures: [FacePicture] = []
      func number(_ file: String) -> Int {
        if let known = numbers[file] { return known }
        numbers[file] = pictures.count
        pictures.append(
          FacePicture(path: folder + "/" + file, person: -1, landmarks: landmarks?.landmarks(file)))
        return pictures.count - 1
      }
      var pairs: [FacePairs.Pair] = []
      for (line, first, second, isSame) in lines {
        for file in [first, second]
        where numbers[file] == nil && !FileManager.default.fileExists(atPath: folder + "/" + file) {
          throw .badLabels(path: path, line: line, detail: "there is no picture \"\(file)\"")
        }
        pairs.append(FacePairs.Pair(number(first), number(second), isSame: isSame))
      }
      guard !pairs.isEmpty else {
        throw .badLabels(path: path, line: 1, detail: "the list holds no pairs")
      }
      return FacePairs(name: fileURL(folder).lastPathComponent, pictures: pictures, pairs: pairs)
    }
    return nil
  }

  private typealias Line = (line: Int, first: String, second: String, isSame: Bool)

  private static func commaSeparated(_ path: String) throws(DatasetError) -> [Line] {
    let rows = CommaSeparated.rows([UInt8](try mappedFile(path)))
    let header = rows.first?.fields.map { $0.lowercased() } ?? []
    guard let first = header.firstIndex(of: "first"), let second = header.firstIndex(of: "second"),
      let same = header.firstIndex(of: "same")
    else {
      throw .badLabels(
        path: path, line: 1, detail: "the first line must name the columns first,second,same")
    }
    var lines: [Line] = []
    for row in rows.dropFirst() {
      guard row.fields.count > max(first, second, same),
        let isSame = ["1": true, "true": true, "0": false, "false": false][
          row.fields[same].lowercased()]
      else {
        throw .badLabels(
          path: path, line: row.line, detail: "it needs two paths, and 1 or 0 for same")
      }
      lines.append((row.line, row.fields[first], row.fields[second], isSame))
    }
    return lines
  }

  private static func faces(_ path: String, folder: String) throws(DatasetError) -> [Line] {
    var lines: [Line] = []
    for (line, cells) in try tableLines(path) {
      func picture(_ name: String, _ number: String) throws(DatasetError) -> String {
        guard let number = Int(number), (0...9999).contains(number) else {
          throw .badLabels(
            path: path, line: line, detail: "\"\(number)\" is no number of a picture")
        }
        let digits = String(number)
        return "\(name)/\(name)_" + String(repeating: "0", count: 4 - digits.count) + digits
          + ".jpg"
      }
      switch cells.count {
      case 1,
        2 where line == 1:
        continue
      case 3:
        lines.append(
          (line, try picture(cells[0], cells[1]), try picture(cells[0], cells[2]), true))
      case 4:
        lines.append(
          (line, try picture(cells[0], cells[1]), try picture(cells[2], cells[3]), false))
      default:
        throw .badLabels(
          path: path, line: line, detail: "it is neither NAME 1 2 nor NAME 1 OTHER 2")
      }
    }
    return lines
  }
}
