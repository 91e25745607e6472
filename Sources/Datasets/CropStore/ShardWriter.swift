/// One tar file being written under a temporary name, renamed when it is complete.
final class ShardWriter {
  /// File name that the shard will have.
  let name: String
  /// Crops in it so far.
  private(set) var crops = 0
  private let path: String
  private let file: StoreFile

  /// Starts the shard with this number.
  init(number: Int, directory: String) throws(DatasetError) {
    name = StoreLayout.shard(number)
    path = directory + "/" + name
    file = try StoreFile(path: path + StoreLayout.temporarySuffix)
  }

  /// Adds one sample and returns the offset of its JPEG bytes in the file.
  func append(key: String, jpeg: [UInt8], provenance: [UInt8]) throws(DatasetError) -> Int {
    let offset = try append(name: key + ".jpg", content: jpeg)
    _ = try append(name: key + ".json", content: provenance)
    crops += 1
    return offset
  }

  /// Hands everything to the operating system, so that readers find it.
  func flush() throws(DatasetError) { try file.flush() }

  /// Completes the shard and gives it its name.
  func close() throws(DatasetError) -> VideoSummary.Shard {
    try file.write([UInt8](repeating: 0, count: 2 * TarEntry.blockSize))
    let bytes = file.length
    try file.close()
    try publish(path + StoreLayout.temporarySuffix, as: path)
    return VideoSummary.Shard(name: name, bytes: bytes, crops: crops)
  }

  private func append(name: String, content: [UInt8]) throws(DatasetError) -> Int {
    try file.write(TarEntry(name: name, size: content.count).header)
    let offset = file.length
    try file.write(content)
    try file.write([UInt8](repeating: 0, count: TarEntry.padding(after: content.count)))
    return offset
  }
}
