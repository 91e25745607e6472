#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

extension RandomStream {
  /// A standard normal number (Box–Muller, one of the pair).
  public mutating func normal() -> Float {
    let radius = (-2 * log(Double(1 - uniform()))).squareRoot()
    return Float(radius * cos(2 * Double.pi * Double(uniform())))
  }

  /// Independent normal numbers of standard deviation `deviation`, redrawn outside ± `limit`.
  public mutating func normal(
    shape: [Int], deviation: Float, limit: Float = .infinity
  ) -> Tensor {
    if isBlank { return Tensor(uninitialized: shape) }
    let count = shape.reduce(1, *)
    var values: [Float] = []
    values.reserveCapacity(count)
    while values.count < count {
      let value = normal() * deviation
      if abs(value) <= limit { values.append(value) }
    }
    return Tensor(values, shape: shape)
  }

  /// Independent numbers, uniform in ± `bound`.
  public mutating func uniform(shape: [Int], bound: Float) -> Tensor {
    if isBlank { return Tensor(uninitialized: shape) }
    let count = shape.reduce(1, *)
    return Tensor((0..<count).map { _ in uniform(-bound...bound) }, shape: shape)
  }
}
