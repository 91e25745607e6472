import Foundation

/// A file of records in the RecordIO form of MXNet (`.rec`) with its index (`.idx`).
///
/// A record starts with the magic word, then a word whose upper 3 bits tell whole records (0) from the
/// first, middle and last part of divided ones (1, 2, 3) and whose lower 29 bits count the bytes that
/// follow; the next record begins at a multiple of 4. A record is divided where its bytes held the
/// magic word, which therefore stands between the parts again.
/// **Source**: the format description of dmlc-core's RecordIO, and MXNet's `recordio.py`.
public final class RecordFile: Sendable {
  /// One record of a set of pictures.
  public struct Record: Sendable {
    /// Numbers that describe the picture: the person first.
    public var labels: [Double]
    /// How many labels the record declares; 0 where its single label stands in the header.
    public var flag: Int
    /// The encoded picture.
    public var picture: [UInt8]
  }

  static let magic: UInt32 = 0xCED7_230A

  /// Where the records are.
  public let path: String
  /// Places of the records by their keys, ascending by key.
  public let index: [(key: Int, offset: Int)]
  private let data: Data

  /// Opens `NAME.rec` and reads `NAME.idx` beside it.
  ///
  /// - Throws: ``DatasetError`` if a file is missing or unreadable, or a line of the index is no pair of
  ///   key and offset.
  public init(path: String) throws(DatasetError) {
    self.path = path
    data = try mappedFile(path)
    let indexPath = (path as NSString).deletingPathExtension + ".idx"
    let text = try mappedFile(indexPath)
    var index: [(key: Int, offset: Int)] = []
    for (line, row) in text.split(separator: 10).enumerated() {
      let cells = String(decoding: row, as: UTF8.self).split(whereSeparator: \.isWhitespace)
      guard cells.count == 2, let key = Int(cells[0]), let offset = Int(cells[1]) else {
        if cells.isEmpty { continue }
        throw DatasetError.badLabels(
          path: indexPath, line: line + 1, detail: "it is not a key, a tab and an offset")
      }
      guard offset >= 0, offset < data.count else {
        throw DatasetError.badLabels(
          path: indexPath, line: line + 1,
          detail: "the offset \(offset) lies outside of the \(data.count) bytes of the .rec file")
      }
      index.append((key, offset))
    }
    self.index = index.sorted { $0.key < $1.key }
  }

  /// The record at an offset.
  ///
  /// - Throws: ``DatasetError/damagedFile(path:detail:)`` naming the offset.
  public func record(at offset: Int) throws(DatasetError) -> Record {
    let payload = try payload(at: offset, limit: .max)
    return try Self.parsed(payload, path: path, offset: offset)
  }

  /// The labels of the record at an offset; its picture is not read.
  func labels(at offset: Int) throws(DatasetError) -> (labels: [Double], flag: Int) {
    // Room for the header, a few labels and the first bytes of the picture.
    let record = try Self.parsed(
      try payload(at: offset, limit: 128), path: path, offset: offset, isPart: true)
    return (record.labels, record.flag)
  }

  private func word(_ offset: Int) -> UInt32 {
    data.withUnsafeBytes {
      UInt32(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }
  }

  /// The bytes of a record, of which only the first `limit` may be wanted.
  private func payload(at start: Int, limit: Int) throws(DatasetError) -> [UInt8] {
    func damaged(_ detail: String) -> DatasetError {
      .damagedFile(path: path, detail: "the record at byte \(start) \(detail)")
    }
    var payload: [UInt8] = []
    var offset = start
    while true {
      guard offset >= 0, offset + 8 <= data.count else { throw damaged("is cut off") }
      guard word(offset) == Self.magic else { throw damaged("does not begin with the magic word") }
      let header = word(offset + 4)
      let (kind, count) = (header >> 29, Int(header & 0x1FFF_FFFF))
      guard offset + 8 + count <= data.count else { throw damaged("is cut off") }
      guard payload.isEmpty ? kind <= 1 : kind >= 2 else { throw damaged("has parts out of order") }
      if kind >= 2 { withUnsafeBytes(of: Self.magic.littleEndian) { payload += Array($0) } }
      let wanted = min(count, limit)
      payload += data[(data.startIndex + offset + 8)..<(data.startIndex + offset + 8 + wanted)]
      if kind == 0 || kind == 3 || payload.count >= limit { return payload }
      offset += 8 + (count + 3) / 4 * 4
    }
  }

  /// Divides a payload: flag, label, two numbers, `flag` further labels, picture.
  private static func parsed(
    _ payload: [UInt8], path: String, offset: Int, isPart: Bool = false
  ) throws(DatasetError) -> Record {
    guard payload.count >= 24 else {
      throw .damagedFile(path: path, detail: "the record at byte \(offset) has no header")
    }
    func bits(_ place: Int) -> UInt32 {
      payload.withUnsafeBytes {
        UInt32(littleEndian: $0.loadUnaligned(fromByteOffset: place, as: UInt32.self))
      }
    }
    let flag = Int(bits(0))
    guard flag > 0 else {
      return Record(
        labels: [Double(Float(bitPattern: bits(4)))], flag: 0, picture: Array(payload[24...]))
    }
    let shown = min(flag, max(0, payload.count - 24) / 4)
    guard isPart || 24 + 4 * flag <= payload.count else {
      throw .damagedFile(
        path: path, detail: "the record at byte \(offset) is too short for its \(flag) labels")
    }
    // Some old sets store labels as 64-bit numbers: then no picture starts where it should, but 4 more
    // bytes for each label further on one does.
    let (narrow, wide) = (24 + 4 * flag, 24 + 8 * flag)
    if narrow < payload.count, wide < payload.count, !startsPicture(payload, narrow),
      startsPicture(payload, wide)
    {
      let labels = (0..<flag).map { place in
        payload.withUnsafeBytes {
          Double(
            bitPattern: UInt64(
              littleEndian: $0.loadUnaligned(fromByteOffset: 24 + 8 * place, as: UInt64.self)))
        }
      }
      return Record(labels: labels, flag: flag, picture: Array(payload[wide...]))
    }
    let labels = (0..<shown).map { Double(Float(bitPattern: bits(24 + 4 * $0))) }
    return Record(
      labels: labels, flag: flag,
      picture: narrow < payload.count ? Array(payload[narrow...]) : [])
  }

  private static func startsPicture(_ bytes: [UInt8], _ place: Int) -> Bool {
    bytes[place...].starts(with: [0xFF, 0xD8]) || bytes[place...].starts(with: [0x89, 0x50])
  }
}
