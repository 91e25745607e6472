import Foundation

@testable import Storage

/// A folder that is removed when the test ends.
final class TemporaryFolder {
  let url: URL

  init() throws {
    url = FileManager.default.temporaryDirectory.appending(path: "storage-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  /// Opens bytes as a safetensors file.
  func open(_ bytes: [UInt8]) throws -> SafetensorsFile {
    let file = url.appending(path: "model.safetensors")
    try Data(bytes).write(to: file)
    return try SafetensorsFile(contentsOf: file)
  }

  /// Opens a header and `dataSize` zero bytes as a safetensors file.
  func open(header: String, dataSize: Int = 0) throws -> SafetensorsFile {
    try open(headerBytes(header) + [UInt8](repeating: 0, count: dataSize))
  }

  /// The error that opening throws, or nil.
  func refusal(header: String, dataSize: Int = 0) throws -> SafetensorsError? {
    do {
      _ = try open(header: header, dataSize: dataSize)
      return nil
    } catch let error as SafetensorsError {
      return error
    }
  }
}

/// A header with its length before it.
func headerBytes(_ header: String) -> [UInt8] {
  withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian, Array.init) + Array(header.utf8)
}

/// The bytes that safetensors 0.8.0 for Python writes for five tensors handed over unordered:
/// `n.num_batches_tracked` I64 7, `a.bias` F32 [1, 2], `b.weight` F32 [[1, 2], [3, 4]],
/// `e` F32 of shape [0, 3], `h` F16 [1, 0.5], and the metadata `{"format": "pt"}`.
let orderingGolden: [UInt8] =
  headerBytes(
    #"{"__metadata__":{"format":"pt"},"#
      + #""n.num_batches_tracked":{"dtype":"I64","shape":[],"data_offsets":[0,8]},"#
      + #""a.bias":{"dtype":"F32","shape":[2],"data_offsets":[8,16]},"#
      + #""b.weight":{"dtype":"F32","shape":[2,2],"data_offsets":[16,32]},"#
      + #""e":{"dtype":"F32","shape":[0,3],"data_offsets":[32,32]},"#
      + #""h":{"dtype":"F16","shape":[2],"data_offsets":[32,36]}}     "#)
  + [7, 0, 0, 0, 0, 0, 0, 0]
  + [0, 0, 0x80, 0x3f, 0, 0, 0, 0x40]
  + [0, 0, 0x80, 0x3f, 0, 0, 0, 0x40, 0, 0, 0x40, 0x40, 0, 0, 0x80, 0x40]
  + [0, 0x3c, 0, 0x38]
