import CKernels

/// A dense, row-major array of `Float` with value semantics.
///
/// **Shape**: any rank, axes listed outermost first; an empty shape is a scalar. Images are
/// `[batch, height, width, channels]`, tokens `[batch, tokens, channels]`.
/// Copies share storage until one of them is written. Reshaping never copies.
public struct Tensor: Sendable {
  private var storage: TensorStorage
  /// Extent of each axis, outermost first.
  public let shape: [Int]
  /// Number of elements.
  public let count: Int

  private init(storage: TensorStorage, shape: [Int], count: Int) {
    self.storage = storage
    self.shape = shape
    self.count = count
  }

  /// Makes a tensor whose elements are not set; the caller must write all of them.
  public init(uninitialized shape: [Int]) {
    let count = shape.reduce(1, *)
    precondition(shape.allSatisfy { $0 >= 0 }, "Tensor: negative extent in \(shape)")
    self.init(storage: TensorStorage(count: count), shape: shape, count: count)
  }

  /// Makes a tensor of one value.
  public init(repeating value: Float, shape: [Int]) {
    self.init(uninitialized: shape)
    ck_fill(storage.pointer, value, Int64(count))
  }

  /// Makes a tensor of zeros.
  public init(zeros shape: [Int]) {
    self.init(repeating: 0, shape: shape)
  }

  /// Makes a tensor from row-major values.
  public init(_ values: [Float], shape: [Int]) {
    self.init(uninitialized: shape)
    precondition(
      values.count == count, "Tensor: \(values.count) values do not fill shape \(shape)")
    values.withUnsafeBufferPointer { source in
      if let base = source.baseAddress { storage.pointer.update(from: base, count: count) }
    }
  }

  /// Makes a scalar.
  public init(_ value: Float) {
    self.init([value], shape: [])
  }

  /// Number of axes.
  public var rank: Int { shape.count }

  /// Extent of the last axis; 1 for a scalar.
  public var columns: Int { shape.last ?? 1 }

  /// Number of last-axis lines: `count / columns`.
  public var rows: Int { columns == 0 ? 0 : count / columns }

  /// All elements in row-major order.
  public var values: [Float] {
    [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
      if let base = buffer.baseAddress { base.update(from: storage.pointer, count: count) }
      initialized = count
    }
  }

  /// The only element of a tensor with one element.
  public var scalar: Float {
    precondition(count == 1, "Tensor.scalar: shape \(shape) has \(count) elements")
    return storage.pointer[0]
  }

  /// The element at a row-major position.
  public subscript(position: Int) -> Float {
    get {
      precondition(position >= 0 && position < count, "Tensor: position \(position) of \(count)")
      return storage.pointer[position]
    }
    set {
      precondition(position >= 0 && position < count, "Tensor: position \(position) of \(count)")
      makeUnique()
      storage.pointer[position] = newValue
    }
  }

  /// The same elements under another shape of equal count.
  public func reshaped(_ newShape: [Int]) -> Tensor {
    let newCount = newShape.reduce(1, *)
    precondition(newCount == count, "Tensor.reshaped: \(shape) does not fit \(newShape)")
    return Tensor(storage: storage, shape: newShape, count: count)
  }

  /// Reads the elements in place.
  public func withPointer<Result>(_ body: (UnsafePointer<Float>) throws -> Result) rethrows
    -> Result
  {
    // The storage must outlive the call even where the optimiser sees no later use of `self`.
    try withExtendedLifetime(storage) { try body(UnsafePointer(storage.pointer)) }
  }

  /// Writes the elements in place, after copying them if another tensor shares them.
  public mutating func withMutablePointer<Result>(
    _ body: (UnsafeMutablePointer<Float>) throws -> Result
  ) rethrows -> Result {
    makeUnique()
    return try withExtendedLifetime(storage) { try body(storage.pointer) }
  }

  /// Overwrites the elements of every tensor that shares this storage.
  ///
  /// Only an optimizer that owns its parameters may do so: a recorded tape must not be alive.
  public func overwriteShared(_ body: (UnsafeMutablePointer<Float>) -> Void) {
    withExtendedLifetime(storage) { body(storage.pointer) }
  }

  private mutating func makeUnique() {
    guard !isKnownUniquelyReferenced(&storage) else { return }
    let copy = TensorStorage(count: count)
    ck_copy(copy.pointer, storage.pointer, Int64(count))
    storage = copy
  }
}

extension Tensor {
  /// Makes a tensor by letting `body` write all elements.
  public init(shape: [Int], writing body: (UnsafeMutablePointer<Float>) throws -> Void) rethrows {
    self.init(uninitialized: shape)
    try body(storage.pointer)
  }

  /// Adds another tensor of the same count in place.
  public mutating func add(_ other: Tensor, scaledBy factor: Float = 1) {
    precondition(count == other.count, "Tensor.add: \(shape) and \(other.shape)")
    let count = Int64(count)
    withMutablePointer { target in
      other.withPointer { ck_axpy(target, factor, $0, count) }
    }
  }

  /// Every element times a factor.
  public func scaled(by factor: Float) -> Tensor {
    Tensor(shape: shape) { target in
      withPointer { ck_scale(target, $0, factor, 0, Int64(count)) }
    }
  }

  /// Sum of all elements.
  public func summed() -> Double {
    withPointer { ck_sum($0, Int64(count)) }
  }

  /// Sum of the squares of all elements.
  public func summedSquares() -> Double {
    withPointer { ck_sum_of_squares($0, Int64(count)) }
  }

  /// Whether no element is NaN or infinite.
  public var isFinite: Bool {
    withPointer { ck_count_not_finite($0, Int64(count)) } == 0
  }

  /// Rows `range` of the first axis.
  public func rows(_ range: Range<Int>) -> Tensor {
    precondition(rank >= 1 && range.upperBound <= shape[0], "Tensor.rows: \(range) of \(shape)")
    let line = shape[0] == 0 ? 0 : count / shape[0]
    return Tensor(shape: [range.count] + shape.dropFirst()) { target in
      withPointer { target.update(from: $0 + range.lowerBound * line, count: range.count * line) }
    }
  }
}

extension Tensor: Equatable {
  /// Equal shape and equal elements.
  public static func == (left: Tensor, right: Tensor) -> Bool {
    guard left.shape == right.shape else { return false }
    return left.withPointer { a in
      right.withPointer { b in
        for index in 0..<left.count where a[index] != b[index] { return false }
        return true
      }
    }
  }
}
