import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The content of `store.json`: what the store was made with, and which part of it is committed.
struct StoreDescription: Equatable, Codable {
  static let formatName = "swift-vision crop store"
  static let currentVersion = 1

  /// Always ``formatName``, so that the file explains itself.
  var format = StoreDescription.formatName
  /// Version of this file's layout.
  var version = StoreDescription.currentVersion
  /// The settings of every crop.
  var settings: CropStoreSettings
  /// Committed bytes of the manifest; what lies beyond belongs to an unfinished video.
  var manifestBytes: Int
  /// Committed crops.
  var crops: Int
  /// Every finished or skipped video, in the order of extraction.
  var videos: [VideoSummary]

  /// Reads the file of a store, or returns nil where there is none.
  init?(directory: String) throws(DatasetError) {
    let path = directory + "/" + StoreLayout.description
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    let data: Data
    do {
      data = try Data(contentsOf: URL(fileURLWithPath: path))
    } catch {
      throw DatasetError.cannotRead(path: path, reason: error.localizedDescription)
    }
    guard let read = try? JSONDecoder().decode(Self.self, from: data),
      read.format == Self.formatName
    else {
      throw DatasetError.damagedStore(
        directory: directory, detail: "\(StoreLayout.description) is not the description of a store"
      )
    }
    guard read.version == Self.currentVersion else {
      throw DatasetError.damagedStore(
        directory: directory,
        detail: "\(StoreLayout.description) has version \(read.version), "
          + "this program reads version \(Self.currentVersion)")
    }
    self = read
  }

  /// Describes a store without videos.
  init(settings: CropStoreSettings, manifestBytes: Int) {
    self.settings = settings
    self.manifestBytes = manifestBytes
    crops = 0
    videos = []
  }

  /// Writes the file in one step.
  func write(directory: String) throws(DatasetError) {
    let path = directory + "/" + StoreLayout.description
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    let data: Data
    do {
      data = try encoder.encode(self)
    } catch {
      throw DatasetError.cannotWrite(path: path, reason: error.localizedDescription)
    }
    try replaceFile(at: path, with: [UInt8](data) + [10])
  }

  /// Every committed shard, in order.
  var shards: [VideoSummary.Shard] { videos.flatMap(\.shards) }

  /// Throws if a committed file is missing, or shorter or longer than it was when committed.
  func checkFiles(directory: String) throws(DatasetError) {
    for shard in shards where fileSize(directory + "/" + shard.name) != shard.bytes {
      let size = fileSize(directory + "/" + shard.name)
      throw DatasetError.damagedStore(
        directory: directory,
        detail: size.map { "\(shard.name) has \($0) bytes instead of \(shard.bytes)" }
          ?? "\(shard.name) is missing")
    }
    let size = fileSize(directory + "/" + StoreLayout.manifest) ?? -1
    guard size >= manifestBytes else {
      throw DatasetError.damagedStore(
        directory: directory,
        detail: size < 0
          ? "\(StoreLayout.manifest) is missing"
          : "\(StoreLayout.manifest) has \(size) bytes instead of \(manifestBytes)")
    }
  }
}

/// Size of a file in bytes, links followed, or nil if there is none.
func fileSize(_ path: String) -> Int? {
  var status = stat()
  return stat(path, &status) == 0 ? Int(status.st_size) : nil
}
