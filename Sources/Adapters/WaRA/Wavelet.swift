import Gradients
public import Tensors

/// An orthonormal wavelet with two filters, applied along one axis in one level.
///
/// With n even the transform of n numbers is an orthonormal matrix `D = [L; H]` of `n / 2` rows each: the
/// signal is taken as periodic (PyWavelets' "periodization"). With n odd the signal is taken as one zero
/// longer, so that `D` is that of `n + 1` without its last column, and `Dᵀ D` is still the identity.
public enum Wavelet: String, Sendable, Hashable, Codable, CaseIterable {
  /// Two taps.
  case haar
  /// Daubechies' filter of four taps.
  case db2

  /// Which of the two filters.
  public enum Band: String, Sendable, Hashable, Codable {
    /// Averages.
    case low = "L"
    /// Differences.
    case high = "H"
  }

  /// The taps with which coefficients make the signal again.
  public func filter(_ band: Band) -> [Float] {
    let low: [Double]
    let two = Double(2).squareRoot()
    switch self {
    case .haar: low = [1, 1].map { $0 / two }
    case .db2:
      let root = Double(3).squareRoot()
      low = [1 + root, 3 + root, 3 - root, 1 - root].map { $0 / (4 * two) }
    }
    if band == .low { return low.map { Float($0) } }
    // The other filter of an orthonormal pair: reversed, with every second sign turned.
    return low.reversed().enumerated().map { Float($0 % 2 == 0 ? $1 : -$1) }
  }

  /// Number of taps; a signal is at least as long.
  public var tapCount: Int { self == .haar ? 2 : 4 }

  /// Whether a picture is as long as the filter along both axes; Haar extends a single row by itself.
  func fits(_ height: Int, _ width: Int) -> Bool {
    min(height, width) >= (self == .haar ? 1 : tapCount)
  }

  /// Coefficients of each band for a signal of `length` numbers.
  public static func half(_ length: Int) -> Int { (length + 1) / 2 }

  /// The rows of one band as a matrix.
  ///
  /// **Shape**: `[(length + 1) / 2, length]`.
  public func matrix(_ band: Band, length: Int) -> Tensor {
    let half = Self.half(length)
    var rows = Tensor(zeros: [half, length])
    for (tap, factor) in filter(band).enumerated() {
      for row in 0..<half {
        let column = modulo(2 * row + tap - first, 2 * half)
        if column < length { rows[row * length + column] += factor }
      }
    }
    return rows
  }

  /// How far before twice its index a coefficient's first tap stands.
  private var first: Int { tapCount / 2 - 1 }

  /// For each tap: whether it falls on odd places, and by how many pairs it is shifted.
  private func taps(_ band: Band) -> [(isOdd: Bool, shift: Int, factor: Float)] {
    filter(band).enumerated().map { tap, factor in
      let place = tap - first
      return (modulo(place, 2) == 1, (place - modulo(place, 2)) / 2, factor)
    }
  }

  /// One band's coefficients along the middle axis.
  ///
  /// **Shape**: `[outer, length, inner]` → `[outer, (length + 1) / 2, inner]`.
  func coefficients(_ band: Band, of signal: Variable) -> Variable {
    let (outer, length, inner) = (signal.shape[0], signal.shape[1], signal.shape[2])
    let half = Self.half(length)
    let even =
      length % 2 == 0
      ? signal
      : .concatenated([signal, Variable(Tensor(zeros: [outer, 1, inner]))], axis: 1)
    let pairs = even.reshaped([outer, half, 2 * inner])
    let places = [pairs.slice(0..<inner, axis: 2), pairs.slice(inner..<2 * inner, axis: 2)]
    return sum(
      taps(band).map { places[$0.isOdd ? 1 : 0].rolled(by: -$0.shift) * $0.factor })
  }

  /// What one band's coefficients along the middle axis contribute to a signal.
  ///
  /// **Shape**: `[outer, (length + 1) / 2, inner]` → `[outer, length, inner]`.
  func signal(of coefficients: Variable, _ band: Band, length: Int) -> Variable {
    let shape = coefficients.shape
    precondition(
      shape[1] == Self.half(length), "Wavelet: \(shape[1]) coefficients for \(length) numbers")
    let places = [false, true].map { isOdd in
      sum(
        taps(band).filter { $0.isOdd == isOdd }
          .map { coefficients.rolled(by: $0.shift) * $0.factor })
    }
    let whole = Variable.concatenated(places, axis: 2).reshaped([shape[0], 2 * shape[1], shape[2]])
    return length % 2 == 0 ? whole : whole.slice(0..<length, axis: 1)
  }
}

private func modulo(_ number: Int, _ divisor: Int) -> Int {
  let rest = number % divisor
  return rest < 0 ? rest + divisor : rest
}

private func sum(_ terms: [Variable]) -> Variable {
  terms.dropFirst().reduce(terms[0], +)
}

extension Variable {
  /// The middle axis moved to the right by `shift` places, around the end.
  fileprivate func rolled(by shift: Int) -> Variable {
    let length = shape[1]
    let shift = modulo(shift, length)
    guard shift != 0 else { return self }
    return .concatenated(
      [slice(length - shift..<length, axis: 1), slice(0..<length - shift, axis: 1)], axis: 1)
  }
}
