public import Foundation
import Storage
public import Tensors

/// A safetensors file of named tensors that belong to no module, such as an optimizer's moments.
public enum TensorFile {
  /// Writes tensors, sorted by name.
  ///
  /// - Throws: `SafetensorsError` where the file cannot be written.
  public static func write(_ tensors: [String: Tensor], to url: URL) throws {
    try SafetensorsWriter.write(
      tensors.keys.sorted().compactMap { name in
        tensors[name].map { (name, $0.shape, .float32($0.values)) }
      }, to: url)
  }

  /// Reads every tensor of a file.
  ///
  /// - Throws: `SafetensorsError` where the file is missing or damaged.
  public static func read(_ url: URL) throws -> [String: Tensor] {
    let file = try SafetensorsFile(contentsOf: url)
    var result: [String: Tensor] = [:]
    for entry in file.tensors {
      result[entry.name] = Tensor(try file.floats(entry.name), shape: entry.shape)
    }
    return result
  }
}
