import Images
import Spelling

/// One line of `manifest.csv`: where a crop comes from and where its JPEG bytes lie.
struct ManifestRow: Equatable {
  /// The columns, in order.
  static let columns = [
    "key", "video", "clip", "frame", "timestamp", "seconds", "left", "top", "width", "height",
    "frame_width", "frame_height", "confidence", "identity", "shard", "offset", "length",
  ]

  /// The first line of a manifest, with its line end.
  static let header = [UInt8]((columns.joined(separator: ",") + "\n").utf8)

  /// Name of the sample in its shard.
  var key: String
  /// Where the crop comes from.
  var record: CropRecord
  /// File name of the shard.
  var shard: String
  /// Byte at which the JPEG starts in the shard.
  var offset: Int
  /// Number of JPEG bytes.
  var length: Int

  /// The line with its line end.
  var bytes: [UInt8] {
    let fields = [
      key, CommaSeparated.quoted(record.video), String(record.clip), String(record.frame),
      String(record.timestamp), CommaSeparated.text(record.seconds),
      CommaSeparated.text(record.box.left), CommaSeparated.text(record.box.top),
      CommaSeparated.text(record.box.width), CommaSeparated.text(record.box.height),
      String(record.frameWidth), String(record.frameHeight),
      CommaSeparated.text(record.confidence), record.identity.map(String.init) ?? "", shard,
      String(offset), String(length),
    ]
    return [UInt8]((fields.joined(separator: ",") + "\n").utf8)
  }
}
