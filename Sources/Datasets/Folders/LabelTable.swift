import Foundation
import Spelling

/// A `labels.csv`: columns `path`, and any of `person`, `camera`, `split`.
struct LabelTable {
  /// File name looked for in a data folder.
  static let fileName = "labels.csv"

  /// One line of the table; empty cells are nil.
  struct Label: Equatable {
    var line: Int
    var path: String
    var person: String?
    var camera: Int?
    var split: LabelledImage.Split?
  }

  /// Where the table is.
  let path: String
  /// Lines in the order of the file.
  private(set) var labels: [Label] = []
  private var positions: [String: Int] = [:]

  /// Words accepted for each column; the first is the documented one.
  private static let names = (
    path: ["path", "file", "filename", "image"],
    person: ["person", "pid", "id", "identity", "label"],
    camera: ["camera", "cam", "camid", "camera_id"],
    split: ["split", "set", "subset"]
  )

  /// Reads the table in a folder; nil if there is none.
  init?(folder: String) throws(DatasetError) {
    path = folder + "/" + Self.fileName
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    let bytes: [UInt8]
    do {
      bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    } catch {
      throw DatasetError.cannotRead(path: path, reason: error.localizedDescription)
    }
    // Spreadsheets of some countries write semicolons; the first line tells.
    let firstLine = bytes.prefix { $0 != 10 }
    let separator = [UInt8(44), 59, 9].first { firstLine.contains($0) } ?? 44
    let rows = CommaSeparated.rows(bytes, separator: separator)
    let header = rows.first?.fields.map { $0.lowercased().trimmingCharacters(in: .whitespaces) }
    func column(_ names: [String]) -> Int? {
      names.lazy.compactMap { header?.firstIndex(of: $0) }.first
    }
    guard let pathColumn = column(Self.names.path) else {
      throw DatasetError.badLabels(
        path: path, line: 1,
        detail: "the first line must name the columns, path among them: path,person,camera,split")
    }
    let personColumn = column(Self.names.person)
    let cameraColumn = column(Self.names.camera)
    let splitColumn = column(Self.names.split)
    for row in rows.dropFirst() {
      func cell(_ column: Int?) -> String? {
        guard let column, column < row.fields.count else { return nil }
        let text = row.fields[column].trimmingCharacters(in: .whitespaces)
        return text.isEmpty ? nil : text
      }
      guard let file = cell(pathColumn) else {
        throw DatasetError.badLabels(path: path, line: row.line, detail: "the path is empty")
      }
      let camera = cell(cameraColumn)
      let cameraNumber = camera.flatMap { Int($0) ?? FileNameLabel.camera(in: $0) }
      if let camera, cameraNumber == nil {
        throw DatasetError.badLabels(
          path: path, line: row.line, detail: "the camera “\(camera)” is not a whole number")
      }
      let split = cell(splitColumn)
      let splitValue = split.flatMap { LabelledImage.Split(rawValue: $0.lowercased()) }
      if let split, splitValue == nil {
        throw DatasetError.badLabels(
          path: path, line: row.line,
          detail: "the split “\(split)” is none of train, query, gallery")
      }
      let label = Label(
        line: row.line, path: Self.normal(file), person: cell(personColumn), camera: cameraNumber,
        split: splitValue)
      guard positions.updateValue(labels.count, forKey: label.path) == nil else {
        throw DatasetError.badLabels(
          path: path, line: row.line, detail: "“\(file)” is listed a second time")
      }
      labels.append(label)
    }
  }

  /// The line about a picture, by its path from the folder of the table.
  func label(_ relativePath: String) -> Label? {
    positions[Self.normal(relativePath)].map { labels[$0] }
  }

  /// A path with `/` between names, and without `./` at its start.
  private static func normal(_ path: String) -> String {
    let path = path.replacingOccurrences(of: "\\", with: "/")
    return path.hasPrefix("./") ? String(path.dropFirst(2)) : path
  }
}
