import CKernels

/// What the machine can do at the moment: figures that others are held against.
enum Ceiling {
  /// A matrix product of 2048³ on the threads in use, the best case of the arithmetic units.
  static let product = Figure(name: "ceiling-sgemm", unit: "products/s") { _ in
    let side: Int64 = 2048
    let count = Int(side * side)
    var c = [Float](repeating: 0, count: count)
    let a = (0..<count).map { Float($0 % 17) * 0.01 }
    let b = (0..<count).map { Float($0 % 13) * 0.01 }
    return .init(
      work: 1, floor: Floor(operations: 2 * Double(side * side * side), bytes: 12 * Double(count))
    ) {
      ck_gemm(false, false, side, side, side, 1, a, side, b, side, 0, &c, side)
    }
  }

  /// A copy of 128 MiB, which no cache holds; the bytes are those read and written.
  static let copy = Figure(name: "ceiling-copy", unit: "copies/s") { _ in
    let count = 32 << 20
    let source = [Float](repeating: 1, count: count)
    var target = source
    target[0] = 0
    return .init(work: 1, floor: Floor(bytes: 8 * Double(count))) {
      ck_copy(&target, source, Int64(count))
    }
  }
}
