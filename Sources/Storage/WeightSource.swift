import Foundation
import Layers
import Tensors

/// A weight file, or the parts of one, seen through a naming: tensors by the paths of a module.
struct WeightSource {
  let naming: WeightNaming
  /// All names in the file.
  let names: Set<String>
  private let files: [SafetensorsFile]
  /// Which of the files holds a name.
  private let places: [String: Int]

  /// Opens a file, or where there is none its parts, which an index beside it names.
  init(contentsOf url: URL, naming: (Set<String>) -> WeightNaming) throws {
    files = try WeightShards.files(of: url)
    var places: [String: Int] = [:]
    for (index, file) in files.enumerated() {
      for tensor in file.tensors {
        if let other = places.updateValue(index, forKey: tensor.name) {
          throw SafetensorsError.unreadable(
            path: file.url.path,
            reason:
              "its tensor \"\(tensor.name)\" is in \(files[other].url.lastPathComponent) as well")
        }
      }
    }
    self.places = places
    names = Set(places.keys)
    self.naming = naming(names)
  }

  private func entry(_ name: String) -> SafetensorsFile.Entry? {
    places[name].flatMap { files[$0][name] }
  }

  /// The shape that a path's tensors have together, or nil where one is missing.
  func shape(of path: String) -> [Int]? {
    let shapes = naming.names(of: path).map { entry($0)?.shape }
    if let composition = naming.composition(of: path) {
      let known = shapes.compactMap(\.self)
      return known.count == shapes.count ? composition.shape(known) : nil
    }
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
    if let composition = naming.composition(of: path) {
      var parts: [Tensor] = []
      for name in naming.names(of: path) {
        guard let place = places[name], let entry = files[place][name] else { continue }
        parts.append(Tensor(try files[place].floats(name), shape: entry.shape))
      }
      let made = composition.tensor(parts)
      made.withPointer { target.update(from: $0, count: made.count) }
      return
    }
    var start = 0
    for name in naming.names(of: path) {
      guard let place = places[name] else { continue }
      let count = files[place][name]?.count ?? 0
      if isInteger {
        for (index, number) in try files[place].integers(name).enumerated() {
          target[start + index] = Float(number)
        }
      } else {
        try files[place].readFloats(
          name, into: UnsafeMutableBufferPointer(start: target + start, count: count))
      }
      start += count
    }
  }

  /// The types of a path's numbers where they are not 32-bit floats.
  func convertedTypes(_ path: String) -> [String: String] {
    var types: [String: String] = [:]
    for name in naming.names(of: path) {
      if let type = entry(name)?.type, type != .float32 { types[name] = type.rawValue }
    }
    return types
  }
}
