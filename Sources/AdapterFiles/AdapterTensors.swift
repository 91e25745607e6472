import Adapters
import Foundation
import Layers
import Storage
import Tensors

/// Moves tensors between files and adapters, strict about names, shapes and values.
enum AdapterTensors {
  /// Every tensor of a file, as floats; counters of batches and other integers too.
  static func read(_ url: URL) throws -> [String: Tensor] {
    let file = try SafetensorsFile(contentsOf: url)
    var tensors: [String: Tensor] = [:]
    for entry in file.tensors {
      let values =
        integers.contains(entry.type)
        ? try file.integers(entry.name).map(Float.init) : try file.floats(entry.name)
      let tensor = Tensor(values, shape: entry.shape)
      guard tensor.isFinite else {
        throw AdapterFileError.notFinite(path: url.path, name: entry.name)
      }
      tensors[entry.name] = tensor
    }
    return tensors
  }

  private static let integers: Set<SafetensorsType> = [
    .boolean, .unsigned8, .integer8, .integer16, .unsigned16, .integer32, .unsigned32, .integer64,
    .unsigned64,
  ]

  /// Writes tensors as 32-bit floats, those named in `integers` as 64-bit integers.
  static func write(
    _ tensors: [String: Tensor], integers: Set<String> = [], to url: URL
  ) throws {
    try SafetensorsWriter.write(
      tensors.sorted { $0.key < $1.key }.map { name, tensor in
        let values = tensor.values
        return (
          name, tensor.shape,
          integers.contains(name) ? .int64(values.map { Int64($0) }) : .float32(values)
        )
      }, to: url)
  }

  /// Sets every number of an adapter; nothing may be missing and nothing left over.
  ///
  /// - Parameter optional: paths that may keep their start.
  static func fill(
    _ adapter: NetworkAdapter, from tensors: [String: Tensor], path: String,
    optional: (String) -> Bool = { _ in false }
  ) throws(AdapterFileError) {
    var rest = tensors
    var missing: [String] = []
    var changes: [() -> Void] = []
    func take(_ name: String, _ shape: [Int]) throws(AdapterFileError) -> Tensor? {
      guard let found = rest.removeValue(forKey: name) else {
        if !optional(name) { missing.append(name) }
        return nil
      }
      guard found.shape == shape else {
        throw .shape(path: path, name: name, found: found.shape, wanted: shape)
      }
      return found
    }
    for (name, parameter) in adapter.parameters {
      guard let value = try take(name, parameter.value.shape) else { continue }
      changes.append { parameter.value = value }
    }
    for (name, buffer) in adapter.buffers {
      guard let value = try take(name, buffer.value.shape) else { continue }
      changes.append { buffer.value = value }
    }
    guard missing.isEmpty else { throw .missing(path: path, names: missing) }
    guard rest.isEmpty else { throw .unexpected(path: path, names: rest.keys.sorted()) }
    for change in changes { change() }
  }
}
