import Foundation

/// The parts of a weight file that was too large for one: `NAME.index.json` tells which file holds which
/// tensor, as the transformers library writes it.
enum WeightShards {
  private struct Index: Decodable {
    let weight_map: [String: String]
  }

  /// The file at a place, or where there is none the parts that its index names.
  ///
  /// - Throws: `SafetensorsError` for a file that is missing or damaged, and for an index that leads out of
  ///   its folder or tells of tensors that no part holds.
  static func files(of url: URL) throws(SafetensorsError) -> [SafetensorsFile] {
    let place = url.appendingPathExtension("index.json")
    guard !FileManager.default.fileExists(atPath: url.path),
      let data = FileManager.default.contents(atPath: place.path)
    else { return [try SafetensorsFile(contentsOf: url)] }
    guard let map = (try? JSONDecoder().decode(Index.self, from: data))?.weight_map, !map.isEmpty
    else {
      throw .unreadable(
        path: place.path,
        reason: "it has no weight_map of names and files, as an index of parts has")
    }
    var files: [SafetensorsFile] = []
    for name in Set(map.values).sorted() {
      guard !name.contains("/"), name != ".." else {
        throw .unreadable(
          path: place.path, reason: "its part \"\(name)\" does not stand in the same folder")
      }
      let file = try SafetensorsFile(
        contentsOf: url.deletingLastPathComponent().appendingPathComponent(name))
      for (tensor, part) in map.sorted(by: { $0.key < $1.key })
      where part == name && file[tensor] == nil {
        throw .noTensor(path: file.url.path, name: tensor)
      }
      files.append(file)
    }
    return files
  }
}
