public import Foundation
public import Images

/// Reads the crops of all finished videos of a store, in any order and from any thread.
///
/// A store may be read while it is still being written: what counts is what was committed when it
/// was opened, and the store of a ``CropStoreWriter`` grows with what is written. What it holds stays
/// at its place. Records take about a hundred bytes each in memory; pictures stay on the disk.
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
  public var videos: [VideoSummary] { records.table.videos }
  /// Where each crop comes from, in the order of the manifest.
  public let records: CropRecords
  private let files = ShardFiles()

  /// Number of crops.
  public var count: Int { records.count }

  /// Opens a store.
  ///
  /// - Throws: ``DatasetError`` if there is none, or if its files are missing or contradict each
  ///   other.
  public convenience init(directory: URL) throws(DatasetError) {
    let path = directory.path
    guard let description = try StoreDescription(directory: path) else {
      throw DatasetError.missing(path: path + "/" + StoreLayout.description)
    }
    try description.checkFiles(directory: path)
    self.init(
      directory: directory, settings: description.settings,
      table: try CropTable(directory: path, description: description))
  }

  /// Reads what a table lists.
  init(directory: URL, settings: CropStoreSettings, table: CropTable) {
    self.directory = directory
    self.settings = settings
    records = CropRecords(table: table)
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
    let entry = records.table.entry(index)
    let length = Int(entry.length)
    let wanted = TarEntry.blockSize + length
    // The header before the picture is read along: it tells a damaged shard from a good one.
    let bytes = try files.read(
      directory.path + "/" + records.table.shard(index),
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
  public func video(at index: Int) -> Int { Int(records.table.entry(index).video) }

  /// The true identity of the person in a crop, where a side file states one.
  public func identity(at index: Int) -> Int? {
    let entry = records.table.entry(index)
    return entry.hasIdentity ? entry.identity : nil
  }

  /// The frames that hold crops, in the order of the store.
  public func frames() -> [CropFrame] { CropFrame.frames(of: records.table.entries) }

  /// Takes in what became of the video that was being written.
  func commit(_ summary: VideoSummary, crops: Int, shards: Int) {
    records.table.commit(summary, crops: crops, shards: shards)
    // The shards of a skipped video are gone, and their names will be used again.
    if summary.outcome == .skipped { files.closeAll() }
  }

  private func corrupt(_ index: Int, _ detail: String) -> DatasetError {
    DatasetError.corruptCrop(
      shard: directory.path + "/" + records.table.shard(index), key: key(at: index),
      detail: detail)
  }
}
