/// The names of the files in a crop store, and the names of its samples.
enum StoreLayout {
  /// The settings and what became of each video; its replacement is what commits a video.
  static let description = "store.json"
  /// One line per crop.
  static let manifest = "manifest.csv"
  /// Ends the name of a file that is still being written.
  static let temporarySuffix = ".partial"

  /// Name of the shard with this number, counted over the whole store.
  static func shard(_ number: Int) -> String { "crops-\(padded(number, 6)).tar" }

  /// True for every name that a store may hold, finished or not.
  static func owns(_ name: String) -> Bool {
    var name = Substring(name)
    if name.hasSuffix(temporarySuffix) { name = name.dropLast(temporarySuffix.count) }
    return name == description || name == manifest || isShard(String(name))
  }

  /// True for the name of a closed shard.
  static func isShard(_ name: String) -> Bool {
    guard name.hasPrefix("crops-"), name.hasSuffix(".tar") else { return false }
    let digits = name.dropFirst(6).dropLast(4)
    return digits.count >= 6 && digits.utf8.allSatisfy { (48...57).contains($0) }
  }

  /// Key of a crop: number of the video in the store, frame, and number of the box in that frame.
  ///
  /// Keys hold no dot, since readers of WebDataset shards cut a sample's name at its first dot.
  static func key(video: Int, frame: Int, box: Int) -> String {
    "v\(padded(video, 5))-f\(padded(frame, 8))-b\(padded(box, 3))"
  }

  private static func padded(_ number: Int, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }
}
