/// The blocks of a GIF file, walked because FFmpeg fills the missing end of a picture in silence.
///
/// **Source**: CompuServe, Graphics Interchange Format version 89a, 1990.
enum GIFStructure {
  /// True if the file starts like a GIF.
  static func isGIF(_ file: UnsafeBufferPointer<UInt8>) -> Bool {
    file.starts(with: Array("GIF87a".utf8)) || file.starts(with: Array("GIF89a".utf8))
  }

  /// True if the file reaches the end of its first picture.
  static func holdsPicture(_ file: UnsafeBufferPointer<UInt8>) -> Bool {
    guard file.count >= 13 else { return false }
    var offset = 13 + colourTableSize(file[10])
    while offset < file.count {
      switch file[offset] {
      case 0x21:  // An extension: a label, then data.
        guard let end = endOfData(file, from: offset + 2) else { return false }
        offset = end
      case 0x2C:  // A picture: place and size, colours, the width of the first code, then data.
        guard offset + 9 < file.count else { return false }
        let data = offset + 10 + colourTableSize(file[offset + 9]) + 1
        return endOfData(file, from: data) != nil
      default:
        return false
      }
    }
    return false
  }

  private static func colourTableSize(_ flags: UInt8) -> Int {
    flags & 0x80 == 0 ? 0 : 3 << (Int(flags & 7) + 1)
  }

  /// The offset after a chain of counted pieces and its closing zero.
  private static func endOfData(_ file: UnsafeBufferPointer<UInt8>, from start: Int) -> Int? {
    var offset = start
    while offset < file.count {
      let count = Int(file[offset])
      offset += 1 + count
      if count == 0 { return offset }
    }
    return nil
  }
}
