import Images
import Synchronization

/// The records of a crop store in about a hundred bytes each: names are kept once, as numbers.
///
/// The table of a store that is being written grows; what it holds does not change any more.
final class CropTable: Sendable {
  /// One crop; a name is a position in ``CropTable/videos`` or ``CropTable/shards``.
  struct Entry: Sendable {
    var timestamp: Int64
    var seconds: Double
    var left: Double
    var top: Double
    var width: Double
    var height: Double
    var confidence: Double
    var identity: Int
    var offset: Int
    var length: Int32
    var video: Int32
    var clip: Int32
    var frame: Int32
    var box: Int32
    var frameWidth: Int32
    var frameHeight: Int32
    var shard: Int32
    var hasIdentity: Bool
  }

  private struct State {
    /// Every finished or skipped video.
    var videos: [VideoSummary]
    /// Names of all videos of the store, the one being written too.
    var names: [String]
    /// File names of all shards.
    var shards: [String]
    /// The crops, in the order of the manifest.
    var entries: [Entry]
  }

  private let state: Mutex<State>

  /// Reads the committed part of a manifest.
  init(directory: String, description: StoreDescription) throws(DatasetError) {
    let names = description.videos.map(\.name)
    let shards = description.shards.map(\.name)
    var entries: [Entry] = []
    entries.reserveCapacity(description.crops)
    let path = directory + "/" + StoreLayout.manifest
    var reader = try ManifestReader(path: path, length: description.manifestBytes)
    func damaged(_ detail: String) -> DatasetError {
      DatasetError.damagedStore(directory: directory, detail: detail)
    }
    guard reader.advance(), reader.fieldCount == ManifestRow.columns.count,
      (0..<reader.fieldCount).allSatisfy({ reader.text($0) == ManifestRow.columns[$0] })
    else { throw damaged("the first line of \(StoreLayout.manifest) is not the expected header") }

    var videoNumbers = Interner(names)
    var shardNumbers = Interner(shards)
    var frameOfBox = (video: Int32(-1), frame: Int32(-1))
    var box: Int32 = 0
    while reader.advance() {
      guard var entry = Self.entry(reader, &videoNumbers, &shardNumbers) else {
        throw damaged("line \(entries.count + 2) of \(StoreLayout.manifest) is not a crop")
      }
      box = (entry.video, entry.frame) == frameOfBox ? box + 1 : 0
      frameOfBox = (entry.video, entry.frame)
      entry.box = box
      entries.append(entry)
    }
    guard entries.count == description.crops else {
      throw damaged(
        "\(StoreLayout.manifest) lists \(entries.count) crops instead of \(description.crops)")
    }
    state = Mutex(
      State(videos: description.videos, names: names, shards: shards, entries: entries))
  }

  // MARK: Reading

  /// Number of crops.
  var count: Int { state.withLock { $0.entries.count } }

  /// Every finished or skipped video, in order.
  var videos: [VideoSummary] { state.withLock { $0.videos } }

  /// All crops at this moment.
  var entries: [Entry] { state.withLock { $0.entries } }

  /// The crop at `index`.
  func entry(_ index: Int) -> Entry { state.withLock { $0.entries[index] } }

  /// File name of the shard that holds the crop at `index`.
  func shard(_ index: Int) -> String {
    state.withLock { $0.shards[Int($0.entries[index].shard)] }
  }

  /// The record at `index`, with its names.
  func record(_ index: Int) -> CropRecord {
    let (entry, video) = state.withLock { state in
      let entry = state.entries[index]
      return (entry, state.names[Int(entry.video)])
    }
    return CropRecord(
      video: video, clip: Int(entry.clip), frame: Int(entry.frame), timestamp: entry.timestamp,
      seconds: entry.seconds,
      box: Rectangle(left: entry.left, top: entry.top, width: entry.width, height: entry.height),
      frameWidth: Int(entry.frameWidth), frameHeight: Int(entry.frameHeight),
      confidence: entry.confidence, identity: entry.hasIdentity ? entry.identity : nil)
  }

  /// Key of the crop at `index` in its shard.
  func key(_ index: Int) -> String {
    let entry = entry(index)
    return StoreLayout.key(
      video: Int(entry.video), frame: Int(entry.frame), box: Int(entry.box))
  }

  // MARK: Growing

  /// Adds crops of the video that is being written, `video`, and the shards they are the first of.
  func append(_ entries: [Entry], video: String, newShards: [String]) {
    state.withLock { state in
      if state.names.count == state.videos.count { state.names.append(video) }
      state.shards += newShards
      state.entries += entries
    }
  }

  /// Takes in what became of the video that was being written; of a skipped one no crop stays.
  func commit(_ summary: VideoSummary, crops: Int, shards: Int) {
    state.withLock { state in
      if state.names.count == state.videos.count { state.names.append(summary.name) }
      state.videos.append(summary)
      state.entries.removeLast(state.entries.count - crops)
      state.shards.removeLast(state.shards.count - shards)
    }
  }

  private static func entry(
    _ row: borrowing ManifestReader, _ videos: inout Interner, _ shards: inout Interner
  ) -> Entry? {
    guard row.fieldCount == ManifestRow.columns.count,
      let video = videos.number(row, 1), let clip = row.integer(2), let frame = row.integer(3),
      let timestamp = row.integer(4), let seconds = row.number(5), let left = row.number(6),
      let top = row.number(7), let width = row.number(8), let height = row.number(9),
      let frameWidth = row.integer(10), let frameHeight = row.integer(11),
      let confidence = row.number(12), let shard = shards.number(row, 14),
      let offset = row.integer(15), let length = row.integer(16),
      let clip = Int32(exactly: clip), let frame = Int32(exactly: frame),
      let frameWidth = Int32(exactly: frameWidth), let frameHeight = Int32(exactly: frameHeight),
      let length = Int32(exactly: length), length >= 0, offset >= TarEntry.blockSize
    else { return nil }
    let identity = row.isEmpty(13) ? nil : row.integer(13)
    guard row.isEmpty(13) || identity != nil else { return nil }
    return Entry(
      timestamp: Int64(timestamp), seconds: seconds, left: left, top: top, width: width,
      height: height, confidence: confidence, identity: identity ?? 0, offset: offset,
      length: length, video: video, clip: clip, frame: frame, box: 0, frameWidth: frameWidth,
      frameHeight: frameHeight, shard: shard, hasIdentity: identity != nil)
  }

  /// Finds the number of a name, quickest when it is the one of the row before.
  private struct Interner {
    private let numbers: [String: Int32]
    private var bytes: [UInt8]?
    private var last: Int32 = 0

    init(_ names: [String]) {
      numbers = Dictionary(
        names.enumerated().map { ($1, Int32($0)) }, uniquingKeysWith: { first, _ in first })
    }

    mutating func number(_ row: borrowing ManifestReader, _ field: Int) -> Int32? {
      if let bytes, row.equals(field, bytes) { return last }
      guard let number = numbers[row.text(field)] else { return nil }
      bytes = row.bytes(field)
      last = number
      return number
    }
  }
}

extension CropTable.Entry {
  /// The entry of a crop that is being written.
  init(_ record: CropRecord, video: Int, box: Int, shard: Int, offset: Int, length: Int) {
    self.init(
      timestamp: record.timestamp, seconds: record.seconds, left: record.box.left,
      top: record.box.top, width: record.box.width, height: record.box.height,
      confidence: record.confidence, identity: record.identity ?? 0, offset: offset,
      length: Int32(length), video: Int32(video), clip: Int32(record.clip),
      frame: Int32(record.frame), box: Int32(box), frameWidth: Int32(record.frameWidth),
      frameHeight: Int32(record.frameHeight), shard: Int32(shard),
      hasIdentity: record.identity != nil)
  }
}
