public import Datasets
public import Foundation
import Images
public import Recipes
public import Tensors

/// A picture to restore: its clean form, and the spoiled one where it lies in a file.
public struct RestorationItem: Sendable, Hashable, Codable {
  /// What the picture is called; noise drawn for it depends on this name alone.
  public var name: String
  /// Where the clean picture is.
  public var clean: String
  /// Where the spoiled picture is; nil where it is made from the clean one.
  public var degraded: String?

  /// Makes an item.
  public init(name: String, clean: String, degraded: String? = nil) {
    self.name = name
    self.clean = clean
    self.degraded = degraded
  }
}

/// Pictures as restoration takes them: some to learn from, others to choose the best weights by.
public struct RestorationData: Sendable {
  /// Pictures to learn from.
  public private(set) var train: [RestorationItem]
  /// Pictures held out of training.
  public private(set) var heldOut: [RestorationItem] = []
  /// Files that were left out.
  public private(set) var skipped: [SkippedFile]
  /// What was found, in a line.
  public let summary: String
  /// What a person should know about how the data was divided.
  public private(set) var notes: [String] = []

  /// Finds training pictures and holds some out, whole pictures and never parts of one.
  ///
  /// - Throws: `DatasetError` for a folder without usable pictures, ``TaskError`` for too few of them.
  public init(
    root: URL, settings: RestorationSettings, validationShare: Double, random: RandomStream
  ) throws {
    var items: [RestorationItem]
    if settings.degradation == "paired" {
      let folder = try PairedFolder(root: root)
      summary = folder.summary
      skipped = folder.skipped
      let pairs = folder.train.isEmpty ? folder.unsplit : folder.train
      items = pairs.map { .init(name: $0.name, clean: $0.clean, degraded: $0.degraded) }
      let uneven = Self.uneven(items)
      if !uneven.isEmpty, uneven.count == items.count {
        throw TaskError.unsuitableData(
          reason:
            "All \(items.count) pairs of \"\(root.path)\" have pictures of two sizes, the first "
            + "\(uneven[0].path): \(uneven[0].reason); training compares pictures of one size.")
      }
      if !uneven.isEmpty {
        let left = Set(uneven.map(\.path))
        items.removeAll { left.contains($0.degraded ?? "") }
        skipped += uneven
        notes.append(
          "\(uneven.count) pairs have pictures of two sizes and are left out: "
            + uneven.prefix(3).map(\.path).joined(separator: ", ")
            + (uneven.count > 3 ? ", …" : "") + ".")
      }
      if items.isEmpty {
        throw TaskError.unsuitableData(
          reason:
            "\"\(root.path)\" has test pairs only (\(folder.test.count)); put training pairs into "
            + "train/.")
      }
      if folder.train.isEmpty, folder.test.isEmpty {
        notes.append(
          "The folder has no splits, so all \(items.count) pairs are for training; score on other "
            + "pictures than these.")
      }
    } else {
      let source = Self.split(of: root, named: ["train", "training"]) ?? root
      let folder = try ImageFolder(root: source)
      skipped = folder.skipped
      items = Self.items(of: folder, below: source)
      summary = "\(source.path): \(items.count) clean pictures"
    }
    if validationShare > 0, items.count >= 3 {
      var draw = random.split("validation")
      // Tiles of one photograph are alike, so a folder of them is held out or learned as a whole.
      let folders = Set(items.compactMap { Self.folder(of: $0.name) }).sorted()
      if Self.areFolders(items.map(\.name)) {
        let count = max(1, Int((validationShare * Double(folders.count)).rounded()))
        let chosen = Set(draw.permutation(folders.count).prefix(count).map { folders[$0] })
        let isChosen = { (item: RestorationItem) in
          Self.folder(of: item.name).map { chosen.contains($0) } ?? false
        }
        let all = items.filter(isChosen)
        items.removeAll(where: isChosen)
        let kept = Set(draw.permutation(all.count).prefix(settings.validationLimit))
        heldOut = all.indices.filter { kept.contains($0) }.map { all[$0] }
        notes.append("Pictures of \(count) of \(folders.count) folders are held out as a whole.")
      } else {
        let count = min(
          max(1, Int((validationShare * Double(items.count)).rounded())), settings.validationLimit)
        let chosen = Set(draw.permutation(items.count).prefix(count))
        heldOut = items.indices.filter { chosen.contains($0) }.map { items[$0] }
        items = items.indices.filter { !chosen.contains($0) }.map { items[$0] }
      }
    }
    if settings.pairLimit > 0, settings.pairLimit < items.count {
      var draw = random.split("pairs")
      let chosen = Set(draw.permutation(items.count).prefix(settings.pairLimit))
      items = items.indices.filter { chosen.contains($0) }.map { items[$0] }
    }
    train = items
    if heldOut.isEmpty {
      notes.append(
        "No pictures are held out, so the last weights count as the best: "
          + (validationShare > 0 ? "there are too few." : "training.validationShare is 0."))
    }
  }

  /// Pairs whose two pictures cannot be of one size, by the beginnings of their files.
  private static func uneven(_ items: [RestorationItem]) -> [SkippedFile] {
    items.compactMap { item in
      guard let degraded = item.degraded,
        let size = StoredSize(contentsOf: URL(fileURLWithPath: degraded)),
        let clean = StoredSize(contentsOf: URL(fileURLWithPath: item.clean)),
        size.differs(from: clean)
      else { return nil }
      return SkippedFile(
        path: degraded,
        reason: "it has \(size.width)x\(size.height) pixels, its clean picture "
          + "\(clean.width)x\(clean.height)")
    }
  }

  /// The folder in a name below the root; nil for a picture that lies in none.
  public static func folder(of name: String) -> String? {
    name.lastIndex(of: "/").map { String(name[..<$0]) }
  }

  /// Whether pictures lie in at least five folders, all of them, such as the tiles of photographs: then a
  /// folder, not a picture, is what varies by itself.
  public static func areFolders(_ names: [String]) -> Bool {
    let folders = names.map(folder)
    return folders.allSatisfy { $0 != nil } && Set(folders).count >= 5
  }

  /// Clean pictures of a folder as items, named by their path below it.
  public static func items(of folder: ImageFolder, below root: URL) -> [RestorationItem] {
    folder.paths.map { path in
      RestorationItem(
        name: String(path.dropFirst(root.path.count).drop { $0 == "/" }), clean: path)
    }
  }

  /// The sub-folder of a split, if there is one.
  public static func split(of root: URL, named names: [String]) -> URL? {
    let found = try? FileManager.default.contentsOfDirectory(atPath: root.path)
    let name = found?.sorted().first { names.contains($0.lowercased()) }
    guard let url = name.map({ root.appendingPathComponent($0) }) else { return nil }
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder)
      && isFolder.boolValue ? url : nil
  }
}
