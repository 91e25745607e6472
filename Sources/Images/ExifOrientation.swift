/// How a camera held the picture, from the EXIF tag 0x0112.
///
/// **Source**: CIPA DC-008 (EXIF 2.32), section 4.6.4; the block is a small TIFF file.
enum ExifOrientation {
  /// The orientation in a TIFF block, 1…8; 1 if the block has none or is damaged.
  static func find(in block: UnsafeBufferPointer<UInt8>) -> Int {
    guard block.count >= 8 else { return 1 }
    let isLittle: Bool
    switch (block[0], block[1]) {
    case (0x49, 0x49): isLittle = true
    case (0x4D, 0x4D): isLittle = false
    default: return 1
    }
    func number(at offset: Int, bytes: Int) -> Int? {
      guard offset >= 0, offset <= block.count - bytes else { return nil }
      var value = 0
      for index in 0..<bytes {
        let byte = Int(block[offset + (isLittle ? bytes - 1 - index : index)])
        value = value << 8 | byte
      }
      return value
    }
    guard number(at: 2, bytes: 2) == 42, let directory = number(at: 4, bytes: 4),
      let count = number(at: directory, bytes: 2)
    else { return 1 }
    for entry in 0..<count {
      let offset = directory + 2 + entry * 12
      guard let tag = number(at: offset, bytes: 2) else { return 1 }
      guard tag == 0x0112 else { continue }
      // A SHORT by the standard; some writers store a LONG.
      let size = number(at: offset + 2, bytes: 2) == 4 ? 4 : 2
      guard let value = number(at: offset + 8, bytes: size), (1...8).contains(value) else {
        return 1
      }
      return value
    }
    return 1
  }

  /// The orientation in a WebP file, whose EXIF chunk holds a TIFF block.
  static func find(inWebP file: UnsafeBufferPointer<UInt8>) -> Int {
    var offset = 12
    while offset + 8 <= file.count {
      let size = (0..<4).reduce(0) { $0 | Int(file[offset + 4 + $1]) << (8 * $1) }
      let start = offset + 8
      guard size <= file.count - start else { return 1 }
      if file[offset..<start - 4].elementsEqual("EXIF".utf8) {
        var block = UnsafeBufferPointer(rebasing: file[start..<start + size])
        // Some writers keep the prefix the block has in a JPEG.
        if block.starts(with: [0x45, 0x78, 0x69, 0x66, 0, 0]) {
          block = UnsafeBufferPointer(rebasing: block.dropFirst(6))
        }
        return find(in: block)
      }
      offset = start + size + size % 2
    }
    return 1
  }
}
