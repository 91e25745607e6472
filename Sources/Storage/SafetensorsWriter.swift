public import Foundation

/// Writes safetensors files in the reference implementation's order, in one atomic step.
public enum SafetensorsWriter {
  /// The elements of a tensor to write.
  public enum Values: Sendable, Hashable {
    /// 32-bit floating-point numbers.
    case float32([Float])
    /// Numbers that are rounded to 16-bit floating-point ones, for files of half the size.
    case float16([Float])
    /// 64-bit integers, for counters.
    case int64([Int64])
  }

  /// A tensor to write whose bytes are handed over later.
  public struct Plan: Sendable, Hashable {
    /// The tensor's name.
    public let name: String
    /// The type of its elements.
    public let type: SafetensorsType
    /// Its sizes, outermost first; empty for a single element.
    public let shape: [Int]

    /// A tensor of the given name, type and sizes.
    public init(name: String, type: SafetensorsType = .float32, shape: [Int]) {
      self.name = name
      self.type = type
      self.shape = shape
    }
  }

  /// Writes arrays.
  ///
  /// - Parameters:
  ///   - tensors: names, shapes and elements, in any order.
  ///   - metadata: free texts; `format: pt` is added because some readers refuse files without it.
  ///   - url: the file, replaced only when the new one is complete.
  /// - Throws: `SafetensorsError.invalidTensor` or `.unwritable`.
  public static func write(
    _ tensors: [(name: String, shape: [Int], values: Values)],
    metadata: [String: String] = [:], to url: URL
  ) throws(SafetensorsError) {
    let plans = tensors.map { tensor in
      switch tensor.values {
      case .float32: Plan(name: tensor.name, type: .float32, shape: tensor.shape)
      case .float16: Plan(name: tensor.name, type: .float16, shape: tensor.shape)
      case .int64: Plan(name: tensor.name, type: .integer64, shape: tensor.shape)
      }
    }
    do {
      try write(plans, metadata: metadata, to: url) { index, emit in
        switch tensors[index].values {
        case .float32(let values): try values.withUnsafeBytes(emit)
        case .float16(let values):
          let halves = values.map { Float16($0) }
          guard !zip(values, halves).contains(where: { $0.isFinite && !$1.isFinite }) else {
            throw SafetensorsError.invalidTensor(
              name: tensors[index].name,
              reason: "a value is beyond the largest 16-bit one, 65504; write 32-bit values")
          }
          try halves.map(\.bitPattern).withUnsafeBytes(emit)
        case .int64(let values): try values.withUnsafeBytes(emit)
        }
      }
    } catch let error as SafetensorsError {
      throw error
    } catch {
      throw .unwritable(path: url.path, reason: "\(error)")
    }
  }

  /// Writes tensors straight from the memory they live in.
  ///
  /// - Parameters:
  ///   - plans: names, types and shapes, in any order.
  ///   - metadata: free texts.
  ///   - addsFormat: whether `format: pt` is added where `metadata` states no format.
  ///   - url: the file, replaced only when the new one is complete.
  ///   - provide: called once for each plan, in the order of the file, with the plan's index and a
  ///     function that takes the tensor's little-endian bytes in one piece or several.
  /// - Throws: `SafetensorsError.invalidTensor` where the bytes are not as many as planned or
  ///   `.unwritable`, and whatever `provide` throws; nothing is replaced then.
  public static func write(
    _ plans: [Plan], metadata: [String: String] = [:], addsFormat: Bool = true, to url: URL,
    provide: (Int, (UnsafeRawBufferPointer) throws -> Void) throws -> Void
  ) throws {
    var metadata = metadata
    if addsFormat, metadata["format"] == nil { metadata["format"] = "pt" }
    let order = plans.indices.sorted { first, second in
      let (a, b) = (plans[first], plans[second])
      if a.type != b.type { return a.type > b.type }
      return a.name.utf8.lexicographicallyPrecedes(b.name.utf8)
    }
    let sizes = try byteCounts(of: plans)
    let header = SafetensorsHeader.bytes(
      for: order.map { (plans[$0].name, plans[$0].type, plans[$0].shape, sizes[$0]) },
      metadata: metadata)
    guard header.count - 8 <= SafetensorsHeader.limit else {
      throw SafetensorsError.unwritable(
        path: url.path, reason: "its header would be above the format's limit")
    }
    let output = try SafetensorsOutput(replacing: url.path)
    do {
      try header.withUnsafeBytes { try output.append($0) }
      for index in order {
        var written = 0
        try provide(index) { bytes in
          written += bytes.count
          guard written <= sizes[index] else { return }
          try output.append(bytes)
        }
        guard written == sizes[index] else {
          throw SafetensorsError.invalidTensor(
            name: plans[index].name,
            reason: "its shape \(plans[index].shape) needs \(sizes[index]) bytes, not \(written)")
        }
      }
      try output.finish()
    } catch {
      output.discard()
      throw error
    }
  }

  private static func byteCounts(of plans: [Plan]) throws(SafetensorsError) -> [Int] {
    var names: Set<String> = []
    var total = 0
    var sizes: [Int] = []
    for plan in plans {
      guard plan.name != "__metadata__" else {
        throw .invalidTensor(name: plan.name, reason: "the format keeps this name for its texts")
      }
      guard names.insert(plan.name).inserted else {
        throw .invalidTensor(name: plan.name, reason: "the name is given twice")
      }
      guard let size = plan.type.byteCount(shape: plan.shape) else {
        throw .invalidTensor(name: plan.name, reason: "its shape \(plan.shape) has no size")
      }
      let (sum, overflow) = total.addingReportingOverflow(size)
      guard !overflow else {
        throw .invalidTensor(name: plan.name, reason: "the file would be beyond any disk")
      }
      total = sum
      sizes.append(size)
    }
    return sizes
  }
}
