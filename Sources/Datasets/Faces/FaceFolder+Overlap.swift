import Foundation
import Spelling

extension FaceFolder {
  /// Persons who have a folder in both `train/` and `test/` of a data folder, by name; empty where there
  /// are not both.
  ///
  /// - Throws: ``DatasetError`` for a folder that cannot be read.
  public static func sharedPersons(_ path: String) throws(DatasetError) -> [String] {
    var isFolder: ObjCBool = false
    for part in ["train", "test"] {
      guard FileManager.default.fileExists(atPath: path + "/" + part, isDirectory: &isFolder),
        isFolder.boolValue
      else { return [] }
    }
    var tested: Set<String> = []
    let test = try FolderListing(path + "/test")
    for name in test.folders {
      if ["query", "gallery", "probe"].contains(name.lowercased()) {
        tested.formUnion(try FolderListing(path + "/test/" + name).folders)
      } else {
        tested.insert(name)
      }
    }
    return try FolderListing(path + "/train").folders.filter(tested.contains)
      .sorted(by: NaturalOrder.precedes)
  }

  /// What persons of training and test in one tell, in a sentence; nil without any.
  public static func warning(ofShared persons: [String]) -> String? {
    guard !persons.isEmpty else { return nil }
    return "\(persons.count) training persons also stand in test/ (such as "
      + "\(persons.prefix(3).joined(separator: ", "))): scores on those will be too good."
  }
}
