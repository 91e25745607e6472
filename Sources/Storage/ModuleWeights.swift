public import Foundation
public import Layers
public import Tensors

/// What happened to each tensor when weights were loaded into a module.
public struct LoadReport: Sendable, Hashable {
  /// Paths that were set.
  public var loaded: [String] = []
  /// Paths of the module that the file does not hold.
  public var missing: [String] = []
  /// Names in the file that the module does not have.
  public var unexpected: [String] = []

  /// One line for logs.
  public var summary: String {
    var text = "\(loaded.count) loaded, \(missing.count) missing, \(unexpected.count) unexpected"
    if let first = missing.first { text += "; first missing: \(first)" }
    if let first = unexpected.first { text += "; first unexpected: \(first)" }
    return text
  }
}

/// Why weights do not fit a module.
public enum WeightsError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The same path has another shape in the file.
  case shapeMismatch(path: String, name: String, file: [Int], module: [Int])
  /// The file does not hold all of the module, or holds more.
  case incomplete(path: String, report: LoadReport)
  /// A weight is NaN or infinite.
  case notFinite(path: String, name: String)

  /// One sentence for the person who gave the file.
  public var description: String {
    switch self {
    case .shapeMismatch(let path, let name, let file, let module):
      "The weight \"\(name)\" of \(path) has shape \(file) but the network needs \(module): the file "
        + "belongs to another backbone or picture size."
    case .incomplete(let path, let report):
      "The weights in \(path) do not fit the network: \(report.summary)."
    case .notFinite(let path, let name):
      "The weight \"\(name)\" of \(path) holds NaN or infinite values, so the file is damaged or the "
        + "training that wrote it diverged."
    }
  }
}

/// Moves a module's parameters and buffers to and from safetensors files.
public enum ModuleWeights {
  /// Writes every parameter and buffer under its path, with `prefix` in front.
  ///
  /// `overrides` replaces parameter values by path, for example with their moving averages.
  public static func write(
    _ module: any Module, overrides: [String: Tensor] = [:], metadata: [String: String] = [:],
    to url: URL
  ) throws(SafetensorsError) {
    var tensors: [(name: String, shape: [Int], values: SafetensorsWriter.Values)] = []
    for (path, parameter) in module.parameters {
      let value = overrides[path] ?? parameter.value
      tensors.append((path, value.shape, .float32(value.values)))
    }
    for (path, buffer) in module.buffers {
      let values = buffer.value.values
      tensors.append(
        (
          path, buffer.value.shape,
          buffer.isInteger ? .int64(values.map { Int64($0) }) : .float32(values)
        ))
    }
    try SafetensorsWriter.write(tensors, metadata: metadata, to: url)
  }

  /// Reads every parameter and buffer by path.
  ///
  /// - Parameters:
  ///   - optional: paths that may be absent, and names that may be left over, without an error.
  /// - Returns: what was loaded, missing and unexpected.
  /// - Throws: `SafetensorsError` for a damaged file, `WeightsError` for one that does not fit.
  @discardableResult
  public static func read(
    into module: any Module, from url: URL, optional: (String) -> Bool = { _ in false }
  ) throws -> LoadReport {
    let file = try SafetensorsFile(contentsOf: url)
    var shapes: [String: [Int]] = [:]
    for entry in file.tensors { shapes[entry.name] = entry.shape }
    var report = LoadReport()
    var known: Set<String> = []
    var changes: [() -> Void] = []
    func check(_ path: String, _ shape: [Int]) throws -> Bool {
      known.insert(path)
      guard let found = shapes[path] else {
        report.missing.append(path)
        return false
      }
      guard found == shape else {
        throw WeightsError.shapeMismatch(path: url.path, name: path, file: found, module: shape)
      }
      report.loaded.append(path)
      return true
    }
    for (path, parameter) in module.parameters where try check(path, parameter.value.shape) {
      let value = Tensor(try file.floats(path), shape: parameter.value.shape)
      guard value.isFinite else { throw WeightsError.notFinite(path: url.path, name: path) }
      changes.append { parameter.value = value }
    }
    for (path, buffer) in module.buffers where try check(path, buffer.value.shape) {
      let values =
        buffer.isInteger ? try file.integers(path).map { Float($0) } : try file.floats(path)
      let value = Tensor(values, shape: buffer.value.shape)
      guard value.isFinite else { throw WeightsError.notFinite(path: url.path, name: path) }
      changes.append { buffer.value = value }
    }
    report.unexpected = shapes.keys.filter { !known.contains($0) }.sorted()
    let problems = (report.missing + report.unexpected).filter { !optional($0) }
    guard problems.isEmpty else { throw WeightsError.incomplete(path: url.path, report: report) }
    for change in changes { change() }
    return report
  }
}
