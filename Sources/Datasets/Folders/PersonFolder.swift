public import Foundation

/// Labelled pictures of people, read from the folder arrangements that people have.
///
/// Understood are:
/// - Market-1501 and DukeMTMC-reID: `bounding_box_train`, `query`, `bounding_box_test`, person and
///   camera in the file name. Person −1 is junk and left out, person 0 (distractors) stays.
/// - MSMT17 (V1, V2) by its lists, and CUHK03-NP, whose detected boxes are taken unless one of its two
///   folders is named.
/// - `query/` and `gallery/` (and `train/`), each with one sub-folder per person or with file names
///   of the Market-1501 kind; also as two separate folders.
/// - One sub-folder per person and nothing else, or one folder of Market-1501 names: one picture
///   of each person is drawn as query by the seed, the rest is gallery, and cameras are not used.
/// - A `labels.csv` with the columns `path,person,camera,split`, alone or beside any of the above;
///   its cells win over names.
///
/// In plain folders the camera stands in the file name or in a folder below the person's (`c3`,
/// `cam3`), or in `labels.csv`, or nowhere.
public struct PersonFolder: Sendable {
  /// Pictures to learn from.
  public internal(set) var train: [LabelledImage] = []
  /// Pictures to look for.
  public internal(set) var query: [LabelledImage] = []
  /// Pictures to search.
  public internal(set) var gallery: [LabelledImage] = []
  /// Pictures that were left out, with the reason; junk is only counted.
  public internal(set) var skipped: [SkippedFile] = []
  /// Pictures of person −1, which are left out by the rule of Market-1501.
  public internal(set) var junk = 0
  /// What each person is called where folders or tables give names instead of numbers.
  public internal(set) var personNames: [Int: String] = [:]
  /// The arrangement found, in words.
  public internal(set) var layout = ""
  /// True if query and gallery were drawn here, one query picture a person.
  public internal(set) var isSeededSplit = false
  /// Where the pictures were looked for.
  public let path: String
  /// Remarks on the table, such as lines about files that do not exist.
  var tableRemarks: [String] = []

  /// Reads a data folder; `query` and `gallery`, where given, stand in for its sub-folders.
  ///
  /// - Throws: ``DatasetError`` if a folder is missing, unreadable, without pictures, or arranged in
  ///   a way that tells no persons; the message says what was found and what is understood.
  public init(
    root: URL, query: URL? = nil, gallery: URL? = nil, seed: UInt64 = 0
  ) throws(DatasetError) {
    try self.init(root: root.path, query: query?.path, gallery: gallery?.path, seed: seed)
  }

  /// Reads a query folder and a gallery folder that lie anywhere.
  ///
  /// - Throws: ``DatasetError`` as the other initializer does.
  public init(query: URL, gallery: URL) throws(DatasetError) {
    try self.init(root: nil, query: query.path, gallery: gallery.path, seed: 0)
  }

  /// Makes a set of pictures that were labelled or divided elsewhere.
  public init(
    path: String, layout: String, train: [LabelledImage] = [], query: [LabelledImage],
    gallery: [LabelledImage], personNames: [Int: String] = [:]
  ) {
    self.path = path
    self.layout = layout
    self.train = train
    self.query = query
    self.gallery = gallery
    self.personNames = personNames
  }

  private init(
    root: String?, query: String?, gallery: String?, seed: UInt64
  ) throws(DatasetError) {
    path = root ?? [query, gallery].compactMap(\.self).joined(separator: " and ")
    var collector = PersonCollector()
    var folders: [LabelledImage.Split: String] = [:]
    var listing: FolderListing?
    var lists: MSMT17Layout?
    var boxes = ""
    if let root {
      var found = try FolderListing(root)
      folders = Self.splits(found)
      lists = MSMT17Layout(found)
      // CUHK03-NP holds two whole sets: boxes of a detector, and boxes drawn by hand.
      if folders.isEmpty, Set(found.folders).isSuperset(of: ["detected", "labeled"]) {
        found = try FolderListing(found.path + "/detected")
        folders = Self.splits(found)
        boxes = ", CUHK03-NP with detected boxes (name its folder labeled for the drawn ones)"
      }
      // Archives often unpack into one more folder; look through it.
      if folders.isEmpty, found.images.isEmpty, let only = found.folders.first,
        found.folders.count == 1
      {
        let inner = try FolderListing(found.path + "/" + only)
        folders = Self.splits(inner)
        lists = MSMT17Layout(inner)
        if !folders.isEmpty || inner.images.isEmpty && !inner.folders.isEmpty { found = inner }
      }
      listing = found
      collector.table = try LabelTable(folder: found.path)
      collector.tableFolder = found.path
    }
    if let query { folders[.query] = query }
    if let gallery { folders[.gallery] = gallery }

    if let lists, query == nil, gallery == nil {
      layout = lists.layout
      try lists.collect(into: &collector)
    } else if !folders.isEmpty {
      layout = Self.words(folders, separate: query != nil || gallery != nil) + boxes
      for split in LabelledImage.Split.allCases {
        guard let folder = folders[split] else { continue }
        try collector.collect(split: folder, as: split)
      }
    } else if let listing {
      try collector.collect(unsplit: listing)
      layout =
        collector.table?.labels.contains { $0.person != nil } == true
        ? "pictures listed in \(LabelTable.fileName)"
        : listing.folders.isEmpty ? "Market-1501 file names" : "one folder per person"
    }
    skipped = collector.skipped
    junk = collector.junk
    tableRemarks = collector.tableRemarks()
    let numbers = collector.numbers()
    personNames = numbers.names
    var unsplit: [LabelledImage] = []
    for entry in collector.entries {
      let image = LabelledImage(
        path: entry.path, person: numbers.number(entry.person), camera: entry.camera,
        split: entry.split ?? .gallery)
      switch entry.split {
      case .train: train.append(image)
      case .query: self.query.append(image)
      case .gallery: self.gallery.append(image)
      case nil: unsplit.append(image)
      }
    }
    if !unsplit.isEmpty { draw(from: unsplit, seed: seed) }
  }

  /// Draws one query picture of each person who has two or more; cameras are forgotten.
  private mutating func draw(from images: [LabelledImage], seed: UInt64) {
    isSeededSplit = true
    layout += ", one query picture per person drawn with seed \(seed)"
    let hash = CounterHash(seed: seed, purpose: .split)
    var positions: [Int: [Int]] = [:]
    for (index, image) in images.enumerated() { positions[image.person, default: []].append(index) }
    var chosen: Set<Int> = []
    for person in positions.keys.sorted() {
      guard let own = positions[person], own.count > 1 else { continue }
      let draw = hash.number(below: own.count, UInt64(bitPattern: Int64(person)))
      chosen.insert(own[draw])
    }
    for (index, image) in images.enumerated() {
      var image = image
      image.camera = nil
      image.split = chosen.contains(index) ? .query : .gallery
      if image.split == .query { query.append(image) } else { gallery.append(image) }
    }
  }

  /// The split folders inside a folder, by their usual names.
  private static func splits(_ listing: FolderListing) -> [LabelledImage.Split: String] {
    let names: [(String, LabelledImage.Split)] = [
      ("bounding_box_train", .train), ("train", .train), ("query", .query),
      ("bounding_box_test", .gallery), ("gallery", .gallery),
    ]
    var found: [LabelledImage.Split: String] = [:]
    for (name, split) in names where found[split] == nil {
      if let folder = listing.folders.first(where: { $0.lowercased() == name }) {
        found[split] = listing.path + "/" + folder
      }
    }
    return found
  }

  private static func words(
    _ folders: [LabelledImage.Split: String], separate: Bool
  ) -> String {
    let names = LabelledImage.Split.allCases.compactMap { split in
      folders[split].map { separate ? $0 : ($0 as NSString).lastPathComponent }
    }
    return "folders " + names.joined(separator: ", ")
  }
}
