public import Foundation

/// Columns and rows of a picture file as they are stored, read from its first bytes alone.
///
/// A picture that its orientation turns stands upright with the two exchanged.
public struct StoredSize: Sendable, Hashable {
  /// Columns.
  public let width: Int
  /// Rows.
  public let height: Int

  /// Looks into a PNG or JPEG file; nil for others, and where the beginning does not tell.
  ///
  /// Whether the rest can be decoded is not known by this.
  public init?(contentsOf url: URL) {
    guard let file = try? FileHandle(forReadingFrom: url) else { return nil }
    defer { try? file.close() }
    // Thumbnails and colour profiles stand before the size in a JPEG, 64 KiB each at most.
    guard let data = try? file.read(upToCount: 256 << 10) else { return nil }
    self.init(beginning: [UInt8](data))
  }

  /// Looks into the first bytes of a PNG or JPEG file.
  public init?(beginning bytes: [UInt8]) {
    func word(_ place: Int) -> Int { Int(bytes[place]) << 8 | Int(bytes[place + 1]) }
    if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]), bytes.count >= 24 {
      self.init(
        width: word(16) << 16 | word(18), height: word(20) << 16 | word(22))
      return
    }
    guard bytes.starts(with: [0xFF, 0xD8, 0xFF]) else { return nil }
    var place = 2
    while place + 9 <= bytes.count, bytes[place] == 0xFF {
      let marker = bytes[place + 1]
      // Fill bytes and markers without a length.
      if marker == 0xFF || marker == 0x01 || (0xD0...0xD9).contains(marker) {
        place += marker == 0xFF ? 1 : 2
        continue
      }
      // Frames, but not the tables whose markers lie between theirs.
      if (0xC0...0xCF).contains(marker), ![0xC4, 0xC8, 0xCC].contains(marker) {
        self.init(width: word(place + 7), height: word(place + 5))
        return
      }
      place += 2 + word(place + 2)
    }
    return nil
  }

  private init(width: Int, height: Int) {
    self.width = width
    self.height = height
  }

  /// Whether two pictures cannot be of one size, however their orientations turn them.
  public func differs(from other: StoredSize) -> Bool {
    Set([width, height]) != Set([other.width, other.height])
  }
}
