/// What can go wrong with a data set or a crop store, told as a sentence for the person at the keyboard.
public enum DatasetError: Error, Equatable, Sendable, CustomStringConvertible {
  /// A file or folder that was named does not exist.
  case missing(path: String)
  /// A file or folder exists but cannot be read.
  case cannotRead(path: String, reason: String)
  /// A file cannot be written: full disk, missing permission, vanished folder.
  case cannotWrite(path: String, reason: String)
  /// Another process writes into the same crop store.
  case storeInUse(directory: String)
  /// A crop store was made with other settings than the ones asked for.
  case settingsDiffer(directory: String, stored: String, requested: String)
  /// A folder that should become a crop store holds files that are not part of one.
  case foreignFiles(directory: String, names: [String])
  /// A crop store whose files contradict each other.
  case damagedStore(directory: String, detail: String)
  /// One crop that cannot be read back.
  case corruptCrop(shard: String, key: String, detail: String)
  /// A crop whose provenance holds a value that no file can carry, such as not-a-number.
  case invalidRecord(video: String, frame: Int, detail: String)
  /// A file of pictures or pairs whose contents are not what its format says.
  case damagedFile(path: String, detail: String)
  /// A list, such as a `labels.csv`, that cannot be understood.
  case badLabels(path: String, line: Int, detail: String)
  /// A folder without any picture.
  case noImages(path: String, found: String)
  /// A folder whose arrangement tells no person for its pictures.
  case layoutNotUnderstood(path: String, found: String)
  /// Labelled pictures that cannot be scored as query against gallery.
  case notEvaluable(path: String, detail: String)
  /// A folder without pairs of spoiled and clean pictures.
  case noPairs(path: String, found: String)
  /// A spoiled picture without its clean one, or of another size.
  case badPairs(path: String, detail: String)
  /// A sampler that cannot be made from the given persons and sizes.
  case badSampler(detail: String)

  /// The sentence to show: what happened, where, why, and what to do next.
  public var description: String {
    switch self {
    case .missing(let path):
      "“\(path)” does not exist; check the spelling of the path."
    case .cannotRead(let path, let reason):
      "“\(path)” cannot be read: \(reason)."
    case .cannotWrite(let path, let reason):
      "“\(path)” cannot be written: \(reason); free some space, or choose another output folder."
    case .storeInUse(let directory):
      "The crop store “\(directory)” is being written by another process; "
        + "wait for it to end, or choose another output folder."
    case .settingsDiffer(let directory, let stored, let requested):
      "The crop store “\(directory)” was made with other settings "
        + "(stored: \(stored); requested: \(requested)); "
        + "delete the folder to extract the crops again, or choose another output folder."
    case .foreignFiles(let directory, let names):
      "“\(directory)” is not a crop store: it holds \(Self.list(names)); "
        + "choose an empty or new folder."
    case .damagedStore(let directory, let detail):
      "The crop store “\(directory)” is damaged: \(detail); "
        + "delete the folder and extract the crops again."
    case .corruptCrop(let shard, let key, let detail):
      "Crop \(key) in “\(shard)” is corrupt: \(detail); "
        + "delete the crop store and extract the crops again."
    case .invalidRecord(let video, let frame, let detail):
      "A crop of frame \(frame) of “\(video)” cannot be stored: \(detail)."
    case .damagedFile(let path, let detail):
      "“\(path)” cannot be used: \(detail)."
    case .badLabels(let path, let line, let detail):
      "Line \(line) of “\(path)” cannot be used: \(detail)."
    case .noImages(let path, let found):
      "“\(path)” holds no pictures (\(found)); \(Self.layouts)"
    case .layoutNotUnderstood(let path, let found):
      "The pictures in “\(path)” do not tell which person they show (\(found)); \(Self.layouts)"
    case .notEvaluable(let path, let detail):
      "“\(path)” cannot be scored: \(detail)."
    case .noPairs(let path, let found):
      "“\(path)” holds no pairs of spoiled and clean pictures (\(found)); understood are two folders "
        + "beside each other such as input/ and target/, low/ and high/, blur/ and sharp/, rain/ and "
        + "norain/, hazy/ and clean/, below train/ and test/ or not; or clean pictures alone, with a "
        + "degradation that is not “paired”."
    case .badPairs(let path, let detail):
      "The pairs in “\(path)” do not fit together: \(detail)."
    case .badSampler(let detail):
      "No batches can be drawn: \(detail)."
    }
  }

  /// What a person folder may look like, for messages about folders that do not.
  static let layouts =
    "understood are Market-1501 or DukeMTMC folders (bounding_box_train, query, bounding_box_test "
    + "with files like 0001_c1s1_000151_01.jpg), MSMT17 and CUHK03-NP as released; query/ and gallery/ (and train/) with one "
    + "sub-folder per person or with Market-1501 file names; one sub-folder per person alone; "
    + "or a labels.csv with the columns path, person, camera, split."

  private static func list(_ names: [String]) -> String {
    let shown = names.prefix(5).map { "“\($0)”" }.joined(separator: ", ")
    return names.count > 5 ? shown + " and \(names.count - 5) more" : shown
  }
}
