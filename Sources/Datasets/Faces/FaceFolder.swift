import Foundation
import Spelling

/// Pictures of faces with their persons, from folders or from a `.rec` file.
///
/// Understood are one sub-folder per person, `train/` of such sub-folders, a `labels.csv` as
/// ``PersonFolder`` reads it, and `NAME.rec` with `NAME.idx` (given itself, or the folder it lies in). A
/// `landmarks.csv` beside the pictures tells the five points of each.
public struct FaceFolder: Sendable {
  /// The pictures, person after person.
  public private(set) var pictures: [FacePicture]
  /// What persons are called, where the data give names.
  public private(set) var personNames: [Int: String] = [:]
  /// Files that were left out, with the reason.
  public private(set) var skipped: [SkippedFile] = []
  /// The arrangement found, in words.
  public let layout: String
  /// Where the pictures are.
  public let path: String

  /// Reads a folder or a `.rec` file.
  ///
  /// - Throws: ``DatasetError``.
  public init(path: String) throws(DatasetError) {
    self.path = path
    if let records = try Self.records(path) {
      pictures = try FaceRecords(path: records).pictures
      layout = "records"
      return
    }
    let inner = path + "/train"
    let root = FileManager.default.fileExists(atPath: inner) ? inner : path
    let people = try PersonFolder(root: fileURL(root))
    let landmarks = try LandmarkTable(folder: root)
    var images = people.train.isEmpty ? people.query + people.gallery : people.train
    images.sort { NaturalOrder.precedes($0.path, $1.path) }
    pictures = images.map {
      FacePicture(
        path: $0.path, person: $0.person,
        landmarks: landmarks?.landmarks(String($0.path.dropFirst(root.count + 1))))
    }
    personNames = people.personNames
    skipped = people.skipped
    layout = people.layout + (landmarks == nil ? "" : " with \(LandmarkTable.fileName)")
  }

  /// What to call a person.
  public func name(of person: Int) -> String { personNames[person] ?? String(person) }

  /// Number of different persons.
  public var personCount: Int { Set(pictures.map(\.person)).count }

  /// The `.rec` file that a path means.
  private static func records(_ path: String) throws(DatasetError) -> String? {
    if path.hasSuffix(".rec") { return path }
    let listing = try FolderListing(path)
    let names = listing.others.filter { $0.hasSuffix(".rec") }
    guard names.count <= 1 else {
      throw .damagedFile(
        path: path,
        detail: "it holds several .rec files (\(names.joined(separator: ", "))); name one")
    }
    return names.first.map { path + "/" + $0 }
  }
}
