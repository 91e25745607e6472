/// The pictures of a `.rec` file of faces.
///
/// Record 0 tells which of the others are pictures: with flag 2 its labels `[a, b]` say that keys 1 to
/// a − 1 are pictures and a to b − 1 describe persons; with flag 0, or without record 0, every record is
/// a picture.
public struct FaceRecords: Sendable {
  /// The pictures in the order of their keys.
  public let pictures: [FacePicture]

  /// Reads the index and the labels of a file; pictures are decoded when they are asked for.
  ///
  /// - Throws: ``DatasetError`` naming the key of the record that cannot be used.
  public init(path: String) throws(DatasetError) {
    let file = try RecordFile(path: path)
    var keys = file.index[...]
    if let first = keys.first, first.key == 0 {
      let (labels, flag) = try file.labels(at: first.offset)
      if flag == 2 {
        guard let end = labels.first, end >= 1 else {
          throw .damagedFile(
            path: path, detail: "record 0 does not tell which records are pictures")
        }
        keys = keys.dropFirst().prefix { Double($0.key) < end }
      }
    }
    var pictures: [FacePicture] = []
    pictures.reserveCapacity(keys.count)
    for (key, offset) in keys {
      let labels = try file.labels(at: offset).labels
      guard let label = labels.first, label.isFinite, label == label.rounded(), abs(label) < 1e9
      else {
        throw .damagedFile(
          path: path,
          detail:
            "record \(key) has the label \(labels.first.map { "\($0)" } ?? "of nothing"), which "
            + "is no number of a person")
      }
      pictures.append(
        FacePicture(
          path: "\(path)#\(key)", person: Int(label), place: .record(file, offset: offset)))
    }
    guard !pictures.isEmpty else {
      throw .noImages(path: path, found: "its index lists no picture")
    }
    self.pictures = pictures
  }
}
