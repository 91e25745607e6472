/// Why a picture could not be read or written.
public enum ImageError: Error, Hashable {
  /// The file could not be read.
  case unreadable(path: String, reason: String)
  /// The bytes are in no known picture format.
  case unrecognized(name: String)
  /// The bytes are in a known format but damaged, cut short, or of an unsupported kind.
  case corrupt(name: String, format: String, reason: String)
  /// The picture has more pixels than ``Image/pixelLimit``.
  case tooLarge(name: String, width: Int, height: Int)
  /// The extension names no format that can be written.
  case unknownExtension(path: String)
  /// The picture could not be encoded.
  case notEncodable(format: String, width: Int, height: Int, reason: String)
  /// The file could not be written.
  case unwritable(path: String, reason: String)
}

extension ImageError: CustomStringConvertible {
  /// One sentence: what, where, why, and what to do.
  public var description: String {
    switch self {
    case .unreadable(let path, let reason):
      "Cannot read the picture \(path): \(reason); check the path and its permissions."
    case .unrecognized(let name):
      "\(name) is not a picture in a known format (JPEG, PNG, WebP, BMP, TIFF, GIF, PGM, PPM); "
        + "remove it or convert it."
    case .corrupt(let name, let format, let reason):
      "Cannot decode \(name) as \(format): \(reason); the file is damaged or of an unsupported "
        + "kind: fetch it again or remove it."
    case .tooLarge(let name, let width, let height):
      "\(name) is \(width)×\(height), more than the \(Image.pixelLimit) pixels allowed; "
        + "make it smaller."
    case .unknownExtension(let path):
      "Cannot write \(path): its extension names no format that can be written; "
        + "use .jpg, .jpeg or .png."
    case .notEncodable(let format, let width, let height, let reason):
      "Cannot encode a \(width)×\(height) picture as \(format): \(reason)."
    case .unwritable(let path, let reason):
      "Cannot write the picture \(path): \(reason); check the folder, its permissions and the "
        + "free space."
    }
  }
}
