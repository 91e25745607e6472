import CKernels

/// The matrices of `tools/goldens/assignment.py`, entry for entry.
struct AssignmentMatrix {
  let rows: Int
  let columns: Int
  var values: [Float]

  /// The sum of the similarities that an assignment picks, formed in Float64.
  func sum(of assignment: [Int]) -> Double {
    assignment.enumerated().reduce(0) { sum, pair in
      pair.element < 0 ? sum : sum + Double(values[pair.offset * columns + pair.element])
    }
  }

  /// Entries uniform in 0…1.
  static func uniform(seed: UInt64, rows: Int, columns: Int) -> AssignmentMatrix {
    let values = [Float](unsafeUninitializedCapacity: rows * columns) { buffer, count in
      for index in 0..<(rows * columns) {
        buffer[index] = Float(hash(seed, UInt64(index)) >> 40) / 16_777_216
      }
      count = rows * columns
    }
    return AssignmentMatrix(rows: rows, columns: columns, values: values)
  }

  /// Cosines between two frames of one scene, where three of ten people are only in one of them.
  static func cosine(seed: UInt64, rows: Int, columns: Int) -> AssignmentMatrix {
    let persons = (0..<columns).map { column in
      let person = (7919 * column + 13) % max(rows, columns)
      return hash(seed &+ 3, UInt64(column)) % 10 < 3 ? person + 1_000_000 : person
    }
    let left = (0..<rows).flatMap { view(of: $0, number: $0, seed: seed, noise: seed &+ 1) }
    let right = (0..<columns).flatMap {
      view(of: persons[$0], number: $0, seed: seed, noise: seed &+ 2)
    }
    // Whole numbers below 2^24: the Float32 product is exact in whatever order it is summed.
    var values = [Float](repeating: 0, count: rows * columns)
    ck_gemm(
      false, true, Int64(rows), Int64(columns), Int64(features), 1, left, Int64(features), right,
      Int64(features), 0, &values, Int64(columns))
    let leftLengths = squaredLengths(left)
    let rightLengths = squaredLengths(right)
    values.withUnsafeMutableBufferPointer { buffer in
      for row in 0..<rows {
        for column in 0..<columns {
          let length = (leftLengths[row] * rightLengths[column]).squareRoot()
          buffer[row * columns + column] = Float(Double(buffer[row * columns + column]) / length)
        }
      }
    }
    return AssignmentMatrix(rows: rows, columns: columns, values: values)
  }

  /// The output function of splitmix64 at a place of its sequence.
  static func hash(_ seed: UInt64, _ index: UInt64) -> UInt64 {
    var z = seed &+ (index &+ 1) &* 0x9e37_79b9_7f4a_7c15
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  private static let features = 24

  private static func centred(_ seed: UInt64, _ number: Int, _ feature: Int) -> Float {
    Float(hash(seed, UInt64(number * features + feature)) & 15) - 8
  }

  private static func view(of person: Int, number: Int, seed: UInt64, noise: UInt64) -> [Float] {
    (0..<features).map { 4 * centred(seed, person, $0) + centred(noise, number, $0) }
  }

  private static func squaredLengths(_ rows: [Float]) -> [Double] {
    stride(from: 0, to: rows.count, by: features).map { start in
      rows[start..<(start + features)].reduce(0) { $0 + Double($1) * Double($1) }
    }
  }
}
