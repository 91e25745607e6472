/// What a file name tells about a picture.
///
/// Market-1501 names read `0001_c1s1_000151_01.jpg`, DukeMTMC-reID names `0001_c2_f0046182.jpg`:
/// a signed person number, `_c`, and the digits of the camera.
struct FileNameLabel: Equatable {
  /// The person's digits as written, with their sign.
  var person: String
  /// The camera's number.
  var camera: Int

  /// Reads a name of the Market-1501 kind; nil if it is none.
  init?(_ name: String) {
    let bytes = Array(name.utf8)
    var index = bytes.first == 45 ? 1 : 0
    let digits = Self.digits(bytes, &index)
    guard !digits.isEmpty, bytes.count > index + 2, bytes[index] == 95,
      bytes[index + 1] == 99 || bytes[index + 1] == 67
    else { return nil }
    person = String(decoding: bytes[..<(index)], as: UTF8.self)
    index += 2
    guard let camera = Int(String(decoding: Self.digits(bytes, &index), as: UTF8.self)) else {
      return nil
    }
    self.camera = camera
  }

  /// The camera in the name of a file or folder: `c3`, `_c3s1`, `cam3`, `camera-3`.
  ///
  /// The word must stand alone, since the letter c and digits also occur inside words and hashes.
  static func camera(in name: String) -> Int? {
    let bytes = Array(name.lowercased().utf8)
    for start in bytes.indices where bytes[start] == 99 {
      guard start == 0 || !isWord(bytes[start - 1]) else { continue }
      for word in ["camera", "cam", "c"] where bytes[start...].starts(with: word.utf8) {
        var index = start + word.utf8.count
        if word != "c", index < bytes.count, bytes[index] == 95 || bytes[index] == 45 { index += 1 }
        let digits = digits(bytes, &index)
        guard let camera = Int(String(decoding: digits, as: UTF8.self)) else { continue }
        // "c1s1": the sequence may follow at once, as in Market-1501.
        if index + 1 < bytes.count, bytes[index] == 115, isDigit(bytes[index + 1]) {
          index += 1
          _ = Self.digits(bytes, &index)
        }
        if index == bytes.count || !isWord(bytes[index]) { return camera }
      }
    }
    return nil
  }

  private static func digits(_ bytes: [UInt8], _ index: inout Int) -> ArraySlice<UInt8> {
    let start = index
    while index < bytes.count, isDigit(bytes[index]) { index += 1 }
    return bytes[start..<index]
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }

  /// True for letters, digits and the bytes of non-ASCII characters.
  private static func isWord(_ byte: UInt8) -> Bool {
    isDigit(byte) || (97...122).contains(byte) || (65...90).contains(byte) || byte >= 128
  }
}
