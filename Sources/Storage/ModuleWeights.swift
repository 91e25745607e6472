public import Foundation
public import Layers
public import Tensors

/// Moves a module's parameters and buffers to and from safetensors files.
public enum ModuleWeights {
  /// Writes every parameter and buffer under its path, with `prefix` in front.
  ///
  /// `overrides` replaces values by path, for example with their moving averages. With a naming the
  /// file has that form's names, and what the form keeps in several tensors is cut up. Halves are 16-bit
  /// floats, which round to three decimal digits.
  public static func write(
    _ module: any Module, naming: WeightNaming = .own, overrides: [String: Tensor] = [:],
    metadata: [String: String] = [:], asHalves: Bool = false,
    to url: URL
  ) throws(SafetensorsError) {
    func numbers(_ values: [Float]) -> SafetensorsWriter.Values {
      asHalves ? .float16(values) : .float32(values)
    }
    var tensors: [(name: String, shape: [Int], values: SafetensorsWriter.Values)] = []
    for (path, parameter) in module.parameters {
      let value = overrides[path] ?? parameter.value
      let names = naming.names(of: path)
      if let composition = naming.composition(of: path), let name = names.first {
        let stored = composition.stored(value)
        tensors.append((name, stored.shape, numbers(stored.values)))
        continue
      }
      let rows = (value.shape.first ?? 1) / max(names.count, 1)
      for (index, name) in names.enumerated() {
        let part = names.count == 1 ? value : value.rows((index * rows)..<((index + 1) * rows))
        tensors.append((name, part.shape, numbers(part.values)))
      }
    }
    for (path, buffer) in module.buffers {
      let values = (overrides[path] ?? buffer.value).values
      tensors.append(
        (
          naming.names(of: path).first ?? path, buffer.value.shape,
          buffer.isInteger
            ? .int64(values.map { Int64(exactly: $0.rounded()) ?? .max }) : numbers(values)
        ))
    }
    try SafetensorsWriter.write(tensors, metadata: metadata, to: url)
  }

  /// Reads every parameter and buffer by path.
  ///
  /// Nothing is set before the whole file has been found to fit, unless the module is fresh: then each
  /// tensor is read into the memory that the module has for it, and a module whose reading failed is to
  /// be thrown away. The counters `num_batches_tracked` may always be absent; the report names them.
  ///
  /// - Parameters:
  ///   - module: the network; made with `RandomStream.blank` it takes no memory before it is read.
  ///   - url: the file; where there is none, `NAME.index.json` beside it may name its parts.
  ///   - isFresh: whether the module was made to be filled by this file and nothing else.
  ///   - optional: paths that may be absent, and names that may be left over, without an error.
  ///   - naming: how the file names the module's tensors, chosen by the names in it.
  ///   - isPerPlace: paths whose tensors belong to the places of other pictures than the module's, so that
  ///     they must be fitted even where the shapes agree: 16 rows of 8 places are as many as 8 of 16.
  ///   - resize: makes such a tensor, or one of another shape, fit: path, value in the file; nil where it
  ///     cannot.
  /// - Returns: what was loaded, missing, unexpected, ignored, reshaped and converted.
  /// - Throws: `SafetensorsError` for a damaged file, `WeightsError` for one that does not fit.
  @discardableResult
  public static func read(
    into module: any Module, from url: URL, isFresh: Bool = false,
    optional: (String) -> Bool = { _ in false },
    naming: (Set<String>) -> WeightNaming = { _ in .own },
    isPerPlace: (String) -> Bool = { _ in false },
    resize: (String, Tensor) -> Tensor? = { _, _ in nil }
  ) throws -> LoadReport {
    let source = try WeightSource(contentsOf: url, naming: naming)
    var report = LoadReport()
    report.naming = source.naming.title
    let slots =
      module.parameters.map { path, parameter in
        Slot(
          path: path, shape: parameter.value.shape, isInteger: false,
          set: { parameter.value = $0 },
          fill: { try parameter.value.withMutablePointer($0) },
          isFinite: { parameter.value.isFinite })
      }
      + module.buffers.map { path, buffer in
        Slot(
          path: path, shape: buffer.value.shape, isInteger: buffer.isInteger,
          set: { buffer.value = $0 },
          fill: { try buffer.value.withMutablePointer($0) },
          isFinite: { buffer.value.isFinite })
      }
    report.missing = slots.map(\.path).filter { source.shape(of: $0) == nil }
    let known = Set(slots.flatMap { source.naming.names(of: $0.path) })
    let surplus = source.names.subtracting(known).sorted()
    report.ignored = surplus.filter(source.naming.ignores)
    report.unexpected = surplus.filter { !source.naming.ignores($0) }
    // Told before any tensor is read: most files that do not fit are found out here.
    // A counter that only training moves, which older files and other libraries do without.
    let needed = report.missing.filter { !$0.hasSuffix("num_batches_tracked") }
    guard (needed + report.unexpected).allSatisfy(optional) else {
      throw WeightsError.incomplete(path: url.path, report: report)
    }
    var values: [(slot: Slot, value: Tensor)] = []
    for slot in slots {
      guard let shape = source.shape(of: slot.path) else { continue }
      let isOfOtherPlaces = isPerPlace(slot.path)
      if shape == slot.shape, isFresh, !isOfOtherPlaces {
        try slot.fill { try source.read(slot.path, isInteger: slot.isInteger, into: $0) }
        guard slot.isFinite() else {
          throw WeightsError.notFinite(path: url.path, name: slot.path)
        }
      } else {
        var value = try Tensor(shape: shape) {
          try source.read(slot.path, isInteger: slot.isInteger, into: $0)
        }
        if shape != slot.shape || isOfOtherPlaces {
          guard !slot.isInteger, let fitted = resize(slot.path, value), fitted.shape == slot.shape
          else {
            guard shape != slot.shape else {
              throw WeightsError.ofOtherPlaces(path: url.path, name: slot.path)
            }
            throw WeightsError.shapeMismatch(
              path: url.path, name: slot.path, file: shape, module: slot.shape)
          }
          if shape != slot.shape || fitted != value {
            report.reshaped.append(.init(path: slot.path, from: shape, to: slot.shape))
          }
          value = fitted
        }
        guard value.isFinite else {
          throw WeightsError.notFinite(path: url.path, name: slot.path)
        }
        values.append((slot, value))
      }
      if !slot.isInteger {
        report.converted.merge(source.convertedTypes(slot.path)) { first, _ in first }
      }
      report.loaded.append(slot.path)
    }
    for (slot, value) in values { slot.set(value) }
    return report
  }

  /// A place of a module that a file fills.
  private struct Slot {
    let path: String
    let shape: [Int]
    let isInteger: Bool
    let set: (Tensor) -> Void
    let fill: ((UnsafeMutablePointer<Float>) throws -> Void) throws -> Void
    let isFinite: () -> Bool
  }
}
