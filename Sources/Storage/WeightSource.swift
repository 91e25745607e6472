import Foundation
import Layers

/// A weight file seen through a naming: tensors by the paths of a module.
struct WeightSource {
  let naming: WeightNaming
  /// All names in the file.
  let names: Set<String>
  private let file: SafetensorsFile

  init(_ file: SafetensorsFile, naming: (Set<String>) -> WeightNaming) {
    self.file = file
    names = Set(file.tensors.map(\.name))
    self.naming = naming(names)
  }

  /// The shape that a path's tensors have together, or nil where one is missing.
  func shape(of path: String) -> [Int]? {
    let shapes = naming.names(of: path).map { file[$0]?.shape }
    guard let first = shapes.first, var shape = first else { return nil }
    for case let part in shapes.dropFirst() {
      guard let part, !shape.isEmpty, part.dropFirst() == shape.dropFirst() else { return nil }
      shape[0] += part[0]
    }
    return shape
  }

  /// Reads a path's tensor into memory of its ``shape(of:)``.
  func read(
    _ path: String, isInteger: Bool, into target: UnsafeMutablePointer<Float>
  ) throws(SafetensorsError) {
    var start = 0
    for name in naming.names(of: path) {
      let count = file[name]?.count ?? 0
      if isInteger {
        for (index, number) in try file.integers(name).enumerated() {
          target[start + index] = Float(number)
        }
      } else {
        try file.readFloats(
          name, into: UnsafeMutableBufferPointer(start: target + start, count: count))
      }
      start += count
    }
  }

  /// The types of a path's numbers where they are not 32-bit floats.
  func convertedTypes(_ path: String) -> [String: String] {
    var types: [String: String] = [:]
    for name in naming.names(of: path) {
      if let type = file[name]?.type, type != .float32 { types[name] = type.rawValue }
    }
    return types
  }
}
