public import Foundation
public import Images

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Writes crops with their provenance into tar shards, one manifest and one description.
///
/// The folder holds `crops-000000.tar` … (WebDataset form: `<key>.jpg` and `<key>.json` per crop),
/// `manifest.csv` (one line per crop with shard, offset and length), and `store.json` (settings and
/// what became of each video). A video is committed by the replacement of `store.json`: whatever a
/// killed process leaves of an unfinished video is discarded when the store is opened again, and
/// finished videos stay. Equal crops give equal bytes in every file, interrupted or not.
///
/// One process writes a store at a time. Videos come one after the other:
/// ```
/// let writer = try CropStoreWriter(directory: folder, settings: settings)
/// try writer.begin(video: "street.mp4")
/// try writer.append(record, image: crop)
/// try writer.publish()  // from here on readers of `writer.store` find the crop
/// try writer.finish(frames: 1200)
/// ```
public final class CropStoreWriter {
  /// The settings that every crop is stored under.
  public let settings: CropStoreSettings
  /// The folder of the store.
  public let directory: URL
  /// What became of each finished or skipped video, in order.
  public var videos: [VideoSummary] { description.videos }
  /// Crops of the video that is being written.
  public private(set) var pendingCrops = 0
  /// The crops that are committed or published, to be read while others are being written.
  public let store: CropStore

  private let path: String
  private let lock: Int32
  private let manifest: StoreFile
  private let encoder: JSONEncoder
  private var description: StoreDescription
  private var positions: [String: Int]
  private var video: (name: String, signature: String)?
  private var closedShards: [VideoSummary.Shard] = []
  private var shard: ShardWriter?
  private var frame = -1
  private var boxInFrame = 0
  private var unpublished: [CropTable.Entry] = []
  private var unpublishedShards: [String] = []

  /// Opens a store for writing, or starts one in a new or empty folder.
  ///
  /// - Throws: ``DatasetError`` if the store was made with other settings, is damaged, or is being
  ///   written by another process; if the folder holds other files; if it cannot be written.
  public init(directory: URL, settings: CropStoreSettings) throws(DatasetError) {
    self.directory = directory
    self.settings = settings
    path = directory.path
    do {
      try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    } catch {
      throw DatasetError.cannotWrite(path: path, reason: error.localizedDescription)
    }
    lock = try Self.locked(path)
    do {
      description = try Self.recover(path, settings: settings)
      manifest = try StoreFile(
        path: path + "/" + StoreLayout.manifest, keeping: description.manifestBytes)
      store = CropStore(
        directory: directory, settings: settings,
        table: try CropTable(directory: path, description: description))
    } catch {
      _ = posixClose(lock)
      throw error
    }
    positions = Dictionary(
      uniqueKeysWithValues: description.videos.enumerated().map { ($1.name, $0) })
    encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
  }

  deinit { _ = posixClose(lock) }

  /// What became of a video, or nil if it is not in the store (or was interrupted).
  public func summary(ofVideo name: String) -> VideoSummary? {
    positions[name].map { description.videos[$0] }
  }

  /// Starts a video that the store does not have yet.
  ///
  /// `signature` marks the content of the file (size and date, say), for the caller to compare.
  public func begin(video name: String, signature: String = "") {
    precondition(video == nil, "begin(video:): “\(video?.name ?? "")” is not finished yet")
    precondition(positions[name] == nil, "begin(video:): “\(name)” is in the store already")
    video = (name, signature)
    frame = -1
  }

  /// Stores one crop of the current video; frames must come in order.
  ///
  /// **Shape**: `image` has the crop size of the settings.
  /// - Throws: ``DatasetError`` if the crop cannot be encoded or written.
  public func append(_ record: CropRecord, image: Image) throws(DatasetError) {
    precondition(
      image.width == settings.cropWidth && image.height == settings.cropHeight,
      "append: the store holds crops of \(settings.cropWidth)×\(settings.cropHeight), "
        + "got \(image.width)×\(image.height)")
    let jpeg: [UInt8]
    do {
      jpeg = try image.encodedJPEG(quality: settings.quality)
    } catch {
      throw DatasetError.invalidRecord(
        video: record.video, frame: record.frame, detail: String(describing: error))
    }
    try append(record, jpeg: jpeg)
  }

  /// Stores one crop of the current video that was encoded elsewhere, for instance on another core.
  ///
  /// - Throws: ``DatasetError`` if the record holds a number that is not finite, or if the crop
  ///   cannot be written.
  public func append(_ record: CropRecord, jpeg: [UInt8]) throws(DatasetError) {
    precondition(video?.name == record.video, "append: “\(record.video)” is not being written")
    precondition(record.frame >= frame, "append: frame \(record.frame) comes after \(frame)")
    if let defect = record.defect {
      throw DatasetError.invalidRecord(video: record.video, frame: record.frame, detail: defect)
    }
    boxInFrame = record.frame == frame ? boxInFrame + 1 : 0
    frame = record.frame
    let key = StoreLayout.key(video: videos.count, frame: frame, box: boxInFrame)
    let provenance: Data
    do {
      provenance = try encoder.encode(record)
    } catch {
      throw DatasetError.invalidRecord(
        video: record.video, frame: frame, detail: error.localizedDescription)
    }
    let open: ShardWriter
    if let shard, shard.crops < settings.shardCapacity {
      open = shard
    } else {
      try closeShard()
      let number = description.shards.count + closedShards.count
      open = try ShardWriter(number: number, directory: path)
      shard = open
      unpublishedShards.append(open.name)
    }
    let offset = try open.append(key: key, jpeg: jpeg, provenance: [UInt8](provenance))
    try manifest.write(
      ManifestRow(
        key: key, record: record, shard: open.name, offset: offset, length: jpeg.count
      ).bytes)
    unpublished.append(
      CropTable.Entry(
        record, video: videos.count, box: boxInFrame,
        shard: description.shards.count + closedShards.count, offset: offset,
        length: jpeg.count))
    pendingCrops += 1
  }

  /// Lets readers of ``store`` use the crops appended so far; their last frame must be whole.
  ///
  /// - Returns: the frames of these crops.
  /// - Throws: ``DatasetError`` if the crops cannot be written.
  @discardableResult
  public func publish() throws(DatasetError) -> [CropFrame] {
    guard let video, !unpublished.isEmpty else { return [] }
    try shard?.flush()
    let frames = CropFrame.frames(of: unpublished, startingAt: store.count)
    store.records.table.append(unpublished, video: video.name, newShards: unpublishedShards)
    unpublished = []
    unpublishedShards = []
    return frames
  }

  /// Commits the current video.
  ///
  /// `note` is a remark to keep, such as where a damaged file ended; `boxes` and `clips` are kept too.
  /// - Throws: ``DatasetError`` if the store cannot be written.
  @discardableResult
  public func finish(
    frames: Int, note: String = "", boxes: Int? = nil, clips: Int? = nil
  ) throws(DatasetError) -> VideoSummary {
    guard let video else { preconditionFailure("finish: no video was begun") }
    try publish()
    try closeShard()
    try manifest.synchronize()
    return try commit(
      VideoSummary(
        name: video.name, signature: video.signature, outcome: .finished, reason: note,
        frames: frames, crops: pendingCrops, shards: closedShards, boxes: boxes, clips: clips))
  }

  /// Gives the current video up: its crops are removed, and the reason is kept.
  ///
  /// - Throws: ``DatasetError`` if the store cannot be written.
  @discardableResult
  public func skip(frames: Int = 0, reason: String) throws(DatasetError) -> VideoSummary {
    guard let video else { preconditionFailure("skip: no video was begun") }
    let names =
      closedShards.map(\.name)
      + [shard.map { $0.name + StoreLayout.temporarySuffix }]
      .compactMap(\.self)
    shard = nil
    closedShards = []
    unpublished = []
    unpublishedShards = []
    pendingCrops = 0
    try manifest.truncate(to: description.manifestBytes)
    for name in names { try removeStoreFile(path + "/" + name) }
    return try commit(
      VideoSummary(
        name: video.name, signature: video.signature, outcome: .skipped, reason: reason,
        frames: frames))
  }

  private func commit(_ summary: VideoSummary) throws(DatasetError) -> VideoSummary {
    description.manifestBytes = manifest.length
    description.crops += summary.crops
    description.videos.append(summary)
    try description.write(directory: path)
    positions[summary.name] = description.videos.count - 1
    store.commit(summary, crops: description.crops, shards: description.shards.count)
    video = nil
    closedShards = []
    pendingCrops = 0
    return summary
  }

  private func closeShard() throws(DatasetError) {
    guard let shard else { return }
    closedShards.append(try shard.close())
    self.shard = nil
  }

  /// Reads what is committed and removes everything else that a killed writer left.
  private static func recover(
    _ path: String, settings: CropStoreSettings
  ) throws(DatasetError) -> StoreDescription {
    let (own, foreign) = try storeFiles(path)
    guard let description = try StoreDescription(directory: path) else {
      guard foreign.isEmpty else {
        throw DatasetError.foreignFiles(directory: path, names: foreign)
      }
      for name in own { try removeStoreFile(path + "/" + name) }
      let manifest = try StoreFile(path: path + "/" + StoreLayout.manifest)
      try manifest.write(ManifestRow.header)
      try manifest.close()
      let fresh = StoreDescription(
        settings: settings, manifestBytes: ManifestRow.header.count)
      try fresh.write(directory: path)
      return fresh
    }
    guard description.settings == settings else {
      throw DatasetError.settingsDiffer(
        directory: path, stored: description.settings.summary, requested: settings.summary)
    }
    try description.checkFiles(directory: path)
    let committed = Set(description.shards.map(\.name))
    for name in own
    where name.hasSuffix(StoreLayout.temporarySuffix)
      || StoreLayout.isShard(name) && !committed.contains(name)
    {
      try removeStoreFile(path + "/" + name)
    }
    return description
  }

  /// The files of a folder: those that belong to a store, and others, both sorted.
  private static func storeFiles(
    _ path: String
  ) throws(DatasetError) -> (own: [String], foreign: [String]) {
    let names: [String]
    do {
      names = try FileManager.default.contentsOfDirectory(atPath: path).sorted()
    } catch {
      throw DatasetError.cannotRead(path: path, reason: error.localizedDescription)
    }
    return (names.filter(StoreLayout.owns), names.filter { !StoreLayout.owns($0) })
  }

  /// Opens the folder and takes its lock, which ends with the process at the latest.
  private static func locked(_ path: String) throws(DatasetError) -> Int32 {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw DatasetError.cannotRead(path: path, reason: systemReason())
    }
    // Only a lock held elsewhere is a reason to stop: some network file systems have no locks. A program
    // that is just being started holds copies of all locks for a moment.
    for attempt in 1... {
      guard flock(descriptor, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK else { break }
      guard attempt < 10 else {
        _ = posixClose(descriptor)
        throw DatasetError.storeInUse(directory: path)
      }
      usleep(20_000)
    }
    return descriptor
  }
}

/// Removes one file of a store.
private func removeStoreFile(_ path: String) throws(DatasetError) {
  guard unlink(path) == 0 || errno == ENOENT else {
    throw DatasetError.cannotWrite(path: path, reason: systemReason())
  }
}
