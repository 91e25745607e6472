extension Tensor {
  /// The largest difference of an element from that of `other` in the same place.
  ///
  /// Infinite where shapes differ or a difference is not finite, so that what is no number is near nothing:
  /// a maximum would pass it over, because no comparison with it is true.
  public func largestDifference(from other: Tensor) -> Double {
    guard shape == other.shape else { return .infinity }
    return zip(values, other.values).reduce(0.0) { largest, pair in
      let difference = abs(Double(pair.0) - Double(pair.1))
      return difference.isFinite ? max(largest, difference) : .infinity
    }
  }

  /// The largest magnitude of an element; infinite where one is not finite.
  public var largestMagnitude: Double {
    values.reduce(0.0) { $1.isFinite ? max($0, Double($1.magnitude)) : .infinity }
  }
}
