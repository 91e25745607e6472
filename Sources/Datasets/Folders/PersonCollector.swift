import Foundation
import Spelling

/// Gathers pictures with the names of their persons, before persons become numbers.
struct PersonCollector {
  /// A picture; the split is nil where it is still to be drawn.
  struct Entry {
    var path: String
    var person: String
    var camera: Int?
    var split: LabelledImage.Split?
  }

  /// Numbers for the persons' names.
  struct Numbering {
    /// Names by number; empty where the names are the numbers themselves.
    var names: [Int: String] = [:]
    fileprivate var numbers: [String: Int] = [:]

    /// The number of a person that was collected.
    func number(_ name: String) -> Int {
      guard let number = numbers[name] else {
        preconditionFailure("number(_:): “\(name)” was not collected")
      }
      return number
    }
  }

  /// The table beside the pictures, if there is one.
  var table: LabelTable?
  /// The folder that paths of the table start from.
  var tableFolder = ""
  private(set) var entries: [Entry] = []
  private(set) var skipped: [SkippedFile] = []
  private(set) var junk = 0
  private var usedLines: Set<Int> = []

  /// Adds a folder of one split: person folders, or pictures with Market-1501 names, or both.
  mutating func collect(split folder: String, as split: LabelledImage.Split) throws(DatasetError) {
    let listing = try FolderListing(folder)
    let before = (entries.count + junk, skipped.count)
    try collect(listing, as: split)
    guard entries.count + junk == before.0 else { return }
    let unlabelled = skipped.count - before.1
    throw unlabelled == 0
      ? DatasetError.noImages(path: folder, found: listing.found)
      : DatasetError.layoutNotUnderstood(path: folder, found: listing.found)
  }

  /// Adds a folder without split folders: a table's pictures, person folders, or Market-1501 names.
  mutating func collect(unsplit listing: FolderListing) throws(DatasetError) {
    try collect(listing, as: nil)
    guard entries.isEmpty else { return }
    let all = try ImageFolder(path: listing.path)
    if all.paths.isEmpty {
      throw DatasetError.noImages(path: listing.path, found: listing.found)
    }
    throw DatasetError.layoutNotUnderstood(path: listing.path, found: listing.found)
  }

  /// Adds a picture that a list of the data set names; a file that is not there is left out.
  mutating func add(
    listed path: String, person: String, camera: Int, split: LabelledImage.Split
  ) {
    guard FileManager.default.fileExists(atPath: path) else {
      skipped.append(SkippedFile(path: path, reason: "it is listed but not there"))
      return
    }
    entries.append(Entry(path: path, person: person, camera: camera, split: split))
  }

  /// What is odd about the table, one sentence each.
  func tableRemarks() -> [String] {
    guard let table else { return [] }
    let unused = table.labels.filter { !usedLines.contains($0.line) }
    guard let first = unused.first else { return [] }
    return [
      "\(unused.count) of \(table.labels.count) lines of \(LabelTable.fileName) name no picture "
        + "that was found, the first is line \(first.line): “\(first.path)”"
    ]
  }

  /// Numbers for all persons: their own where all names are different whole numbers, else 1, 2, ….
  func numbers() -> Numbering {
    let names = Set(entries.map(\.person)).sorted(by: NaturalOrder.precedes)
    let own = names.compactMap { Int($0) }
    var numbering = Numbering()
    if own.count == names.count, Set(own).count == names.count {
      numbering.numbers = Dictionary(uniqueKeysWithValues: zip(names, own))
    } else {
      for (index, name) in names.enumerated() {
        numbering.numbers[name] = index + 1
        numbering.names[index + 1] = name
      }
    }
    return numbering
  }

  private mutating func collect(
    _ listing: FolderListing, as split: LabelledImage.Split?
  ) throws(DatasetError) {
    skipped += listing.skipped
    for name in listing.images {
      let label = FileNameLabel(name)
      add(
        listing.path + "/" + name, person: label?.person,
        camera: label?.camera ?? FileNameLabel.camera(in: name), split: split)
    }
    for person in listing.folders {
      let folder = listing.path + "/" + person
      let images = try ImageFolder(path: folder)
      skipped += images.skipped
      for path in images.paths {
        // The file's own name first, then the folders between it and the person's.
        let parts = path.dropFirst(folder.count + 1).split(separator: "/")
        let camera = parts.reversed().lazy.compactMap { FileNameLabel.camera(in: String($0)) }.first
        add(path, person: person, camera: camera, split: split)
      }
    }
  }

  private mutating func add(
    _ path: String, person: String?, camera: Int?, split: LabelledImage.Split?
  ) {
    var label: LabelTable.Label?
    if let table, path.hasPrefix(tableFolder + "/") {
      label = table.label(String(path.dropFirst(tableFolder.count + 1)))
    }
    if let label { usedLines.insert(label.line) }
    // A table that names persons is the whole list where no folder tells the split.
    if split == nil, label?.person == nil,
      table?.labels.contains(where: { $0.person != nil }) == true
    {
      skipped.append(SkippedFile(path: path, reason: "it is not listed in \(LabelTable.fileName)"))
      return
    }
    guard let name = label?.person ?? person else {
      skipped.append(SkippedFile(path: path, reason: "its name tells no person"))
      return
    }
    guard Int(name) != -1 else {
      junk += 1
      return
    }
    entries.append(
      Entry(
        path: path, person: name, camera: label?.camera ?? camera, split: label?.split ?? split))
  }
}
