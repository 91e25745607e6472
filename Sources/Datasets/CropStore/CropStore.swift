public import Foundation
public import Images

/// Reads the crops of all finished videos of a store, in any order and from any thread.
///
/// A store may be read while it is still being written: what counts is what was committed when it
/// was opened. Records take about a hundred bytes each in memory; pictures stay on the disk.
/// ```
/// let store = try CropStore(directory: folder)
/// for frame in store.frames() where frame.crops.count >= 2 {
///   let first = try store.image(at: frame.crops.lowerBound)
/// }
/// ```
public final class CropStore: Sendable {
  /// The folder of the store.
  public let directory: URL
  /// What the store was made with.
  public let settings: CropStoreSettings
  /// What became of each video, in order.
  public let videos: [VideoSummary]
  /// Where each crop comes from, in the order of the manifest.
  public let records: CropRecords
  private let files = ShardFiles()

  /// Number of crops.
  public var count: Int { records.count }

  /// Opens a store.
  ///
  /// - Throws: ``DatasetError`` if there is none, or if its files are missing or contradict each
  ///   other.
  public init(directory: URL) throws(DatasetError) {
    let path = directory.path
    guard let description = try StoreDescription(directory: path) else {
      throw DatasetError.missing(path: path + "/" + StoreLayout.description)
    }
    try description.checkFiles(directory: path)
    self.directory = directory
    settings = description.settings
    videos = description.videos
    records = CropRecords(table: try CropTable(directory: path, description: description))
  }

  /// Decodes one crop.
  ///
  /// **Shape**: the crop size of the settings.
  /// - Throws: ``DatasetError`` if the shard cannot be read, or is corrupt at this crop.
  public func image(at index: Int) throws(DatasetError) -> Image {
    let bytes = try jpeg(at: index)
    let key = key(at: index)
    let image: Image
    do {
      image = try Image(decoding: bytes, name: key)
    } catch {
      throw corrupt(index, String(describing: error))
    }
    guard image.width == settings.cropWidth, image.height == settings.cropHeight else {
      throw corrupt(
        index,
        "it is \(image.width)×\(image.height) pixels instead of "
          + "\(settings.cropWidth)×\(settings.cropHeight)")
    }
    return image
  }

  /// The JPEG bytes of one crop, as stored.
  ///
  /// - Throws: ``DatasetError`` if the shard cannot be read, or is corrupt at this crop.
  public func jpeg(at index: Int) throws(DatasetError) -> [UInt8] {
    let entry = records.table.entries[index]
    let length = Int(entry.length)
    let wanted = TarEntry.blockSize + length
    // The header before the picture is read along: it tells a damaged shard from a good one.
    let bytes = try files.read(
      directory.path + "/" + records.table.shards[Int(entry.shard)],
      offset: entry.offset - TarEntry.blockSize, count: wanted)
    guard bytes.count == wanted else { throw corrupt(index, "the file ends before it does") }
    guard
      TarEntry(bytes[..<TarEntry.blockSize])
        == TarEntry(name: key(at: index) + ".jpg", size: length)
    else { throw corrupt(index, "another entry, or none, stands in its place") }
    return [UInt8](bytes[TarEntry.blockSize...])
  }

  /// Name of a crop in its shard, without the ending.
  public func key(at index: Int) -> String { records.table.key(index) }

  /// Number of a crop's video in ``videos``; quicker than comparing names.
  public func video(at index: Int) -> Int { Int(records.table.entries[index].video) }

  /// The frames that hold crops, in the order of the store.
  public func frames() -> [CropFrame] {
    let entries = records.table.entries
    var frames: [CropFrame] = []
    var start = 0
    for index in entries.indices {
      let next = index + 1
      let entry = entries[index]
      if next < entries.count, entries[next].video == entry.video,
        entries[next].frame == entry.frame, entries[next].clip == entry.clip
      {
        continue
      }
      frames.append(
        CropFrame(
          video: Int(entry.video), clip: Int(entry.clip), frame: Int(entry.frame),
          seconds: entry.seconds, crops: start..<next))
      start = next
    }
    return frames
  }

  /// Reads and decodes every crop, and throws at the first one that is damaged.
  ///
  /// - Throws: ``DatasetError`` as ``image(at:)`` does.
  public func verify() throws(DatasetError) {
    for index in 0..<count { _ = try image(at: index) }
  }

  private func corrupt(_ index: Int, _ detail: String) -> DatasetError {
    let entry = records.table.entries[index]
    return DatasetError.corruptCrop(
      shard: directory.path + "/" + records.table.shards[Int(entry.shard)], key: key(at: index),
      detail: detail)
  }
}
