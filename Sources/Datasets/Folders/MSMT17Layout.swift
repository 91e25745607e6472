import Foundation

/// The lists of MSMT17: `list_train.txt`, `list_val.txt`, `list_query.txt`, `list_gallery.txt` beside
/// `train` and `test`, or `mask_train_v2` and `mask_test_v2` in the version with blurred faces.
///
/// A line reads `0000/0000_000_01_0303morning_0015_0.jpg 0`: path and person. The camera is the third
/// field of the file name. Training and test persons both start at 0 and are different people.
/// **Source**: L. Wei et al., "Person Transfer GAN to Bridge Domain Gap for Person
/// Re-Identification", CVPR 2018, and the files of its release.
struct MSMT17Layout {
  /// The arrangement in words.
  let layout: String
  private let root: String
  private let folders: (train: String, test: String)

  private static let versions = [
    (name: "V1", train: "train", test: "test"),
    (name: "V2, faces blurred", train: "mask_train_v2", test: "mask_test_v2"),
  ]

  /// Recognises the lists in a folder; nil if they are not there.
  init?(_ listing: FolderListing) {
    guard listing.others.contains("list_train.txt"), listing.others.contains("list_query.txt"),
      let version = Self.versions.first(where: { listing.folders.contains($0.train) })
    else { return nil }
    root = listing.path
    folders = (version.train, version.test)
    layout = "MSMT17 \(version.name), training on list_train and list_val"
  }

  /// Adds the pictures of all lists.
  ///
  /// - Throws: ``DatasetError`` for a list that is missing or has a line of another form.
  func collect(into collector: inout PersonCollector) throws(DatasetError) {
    let lists: [(name: String, folder: String, split: LabelledImage.Split, isNeeded: Bool)] = [
      ("list_train.txt", folders.train, .train, true),
      ("list_val.txt", folders.train, .train, false),
      ("list_query.txt", folders.test, .query, true),
      ("list_gallery.txt", folders.test, .gallery, true),
    ]
    for list in lists {
      let path = root + "/" + list.name
      guard let data = FileManager.default.contents(atPath: path) else {
        if list.isNeeded { throw DatasetError.missing(path: path) }
        continue
      }
      let lines = String(decoding: data, as: UTF8.self).split(
        omittingEmptySubsequences: false, whereSeparator: \.isNewline)
      for (number, line) in lines.enumerated() where !line.isEmpty {
        let words = line.split(separator: " ")
        guard words.count == 2, let person = Int(words[1]) else {
          throw DatasetError.badLabels(
            path: path, line: number + 1, detail: "a line is a path, a space and a person's number")
        }
        let file = "\(root)/\(list.folder)/\(words[0])"
        let name = words[0].split(separator: "/").last ?? ""
        let fields = name.split(separator: "_")
        guard fields.count > 2, let camera = Int(fields[2]) else {
          throw DatasetError.badLabels(
            path: path, line: number + 1,
            detail: "“\(name)” has no camera in its third field, as in 0000_000_01_….jpg")
        }
        let kind = list.split == .train ? "train" : "test"
        collector.add(listed: file, person: "\(kind) \(person)", camera: camera, split: list.split)
      }
    }
  }
}
