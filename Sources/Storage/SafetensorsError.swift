/// Why a safetensors file could not be read or written: what, where, and what to do.
public enum SafetensorsError: Error, Sendable, Hashable, CustomStringConvertible {
  /// There is no such file.
  case missing(path: String)
  /// The system refuses to open or read the file.
  case unreadable(path: String, reason: String)
  /// The file ends before `needed` bytes.
  case truncated(path: String, size: Int, needed: Int)
  /// The header states more bytes than the format allows.
  case headerTooLarge(path: String, size: UInt64)
  /// The header is not the JSON the format asks for, at a byte of the header counted from 0.
  case malformedHeader(path: String, byte: Int, reason: String)
  /// Two tensors have the same name.
  case duplicateName(path: String, name: String)
  /// An element type this format does not have.
  case unknownType(path: String, name: String, type: String)
  /// The shape has too many elements to count, or they do not fill whole bytes.
  case impossibleSize(path: String, name: String, type: String, shape: [Int])
  /// The byte range of a tensor does not fit its shape and type.
  case sizeMismatch(path: String, name: String, range: Int, shape: [Int], needed: Int)
  /// Two tensors share bytes.
  case overlap(path: String, first: String, second: String)
  /// Bytes before a tensor belong to none.
  case gap(path: String, before: String, bytes: Int)
  /// Bytes after the last tensor belong to none.
  case trailingBytes(path: String, bytes: Int)
  /// The file holds no tensor of this name.
  case noTensor(path: String, name: String)
  /// The tensor is of a type that cannot be read as asked.
  case wrongType(path: String, name: String, type: String, wanted: String)
  /// A tensor handed to the writer contradicts itself.
  case invalidTensor(name: String, reason: String)
  /// The system refuses to write the file.
  case unwritable(path: String, reason: String)

  /// One sentence for the person who gave the file.
  public var description: String {
    switch self {
    case .missing(let path):
      "There is no file \(path)."
    case .unreadable(let path, let reason):
      "The weight file \(path) cannot be read: \(reason)."
    case .truncated(let path, let size, let needed):
      "The weight file \(path) is cut off: it has \(size) bytes and needs at least \(needed); "
        + "copy it again."
    case .headerTooLarge(let path, let size):
      "The weight file \(path) states a header of \(size) bytes, above the limit of "
        + "\(SafetensorsHeader.limit); it is probably no safetensors file."
    case .malformedHeader(let path, let byte, let reason):
      "The header of the weight file \(path) is invalid at byte \(byte): \(reason)."
    case .duplicateName(let path, let name):
      "The weight file \(path) names \"\(name)\" twice."
    case .unknownType(let path, let name, let type):
      "The tensor \"\(name)\" of \(path) has the unknown type \"\(type)\"."
    case .impossibleSize(let path, let name, let type, let shape):
      "The tensor \"\(name)\" of \(path) cannot be \(type) of shape \(shape): its size is beyond "
        + "any file or not a whole number of bytes."
    case .sizeMismatch(let path, let name, let range, let shape, let needed):
      "The tensor \"\(name)\" of \(path) spans \(range) bytes, but its shape \(shape) needs "
        + "\(needed)."
    case .overlap(let path, let first, let second):
      "The tensors \"\(first)\" and \"\(second)\" of \(path) overlap."
    case .gap(let path, let before, let bytes):
      "The weight file \(path) has \(bytes) unused bytes before the tensor \"\(before)\"."
    case .trailingBytes(let path, let bytes):
      "The weight file \(path) has \(bytes) bytes after its last tensor."
    case .noTensor(let path, let name):
      "The weight file \(path) holds no tensor \"\(name)\"."
    case .wrongType(let path, let name, let type, let wanted):
      "The tensor \"\(name)\" of \(path) is \(type) and cannot be read as \(wanted)."
    case .invalidTensor(let name, let reason):
      "The tensor \"\(name)\" cannot be written: \(reason)."
    case .unwritable(let path, let reason):
      "The weight file \(path) cannot be written: \(reason)."
    }
  }
}
