import Foundation
import Matching
import Tensors

/// Kinds of similarity matrices.
enum Similarities: String {
  /// Independent numbers in 0…1, the hard case.
  case uniform
  /// Cosines of noisy copies in another order, as a trained encoder gives.
  case cosine

  /// Row-major, `[size, size]`.
  func matrix(size: Int, number: Int) -> [Float] {
    var random = RandomStream(seed: 5).split(rawValue).split(size).split(number)
    switch self {
    case .uniform: return (0..<size * size).map { _ in random.uniform() }
    case .cosine:
      let width = 128
      let left = (0..<size).map { _ in (0..<width).map { _ in random.normal() } }
      let noisy = left.map { $0.map { $0 + 0.8 * random.normal() } }
      let order = random.permutation(size)
      func unit(_ row: [Float]) -> [Float] {
        let length = row.reduce(0) { $0 + $1 * $1 }.squareRoot()
        return row.map { $0 / length }
      }
      let (rows, columns) = (left.map(unit), order.map { unit(noisy[$0]) })
      return rows.flatMap { row in
        columns.map { column in zip(row, column).reduce(0) { $0 + $1.0 * $1.1 } }
      }
    }
  }
}

/// Exact assignments, called as the pair miner calls them.
enum AssignmentWork {
  /// Several matrices, so that one lucky one does not decide; they are written to a file, from which
  /// a peer reads the same.
  static func prepare(
    _ kind: Similarities, size: Int, into folder: URL
  ) throws -> Figure.Prepared {
    let count = size > 1024 ? 1 : max(4, 64 / size * 16)
    let matrices = (0..<count).map { kind.matrix(size: size, number: $0) }
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let file = folder.appending(path: "assign-\(kind.rawValue)-\(size).f32")
    try matrices.reduce(into: Data()) { data, matrix in
      matrix.withUnsafeBytes { data.append(contentsOf: $0) }
    }.write(to: file)
    return .init(work: Double(count), floor: Floor(bytes: 4 * Double(count * size * size))) {
      for matrix in matrices {
        let columns = try maximumWeightAssignment(matrix, rows: size, columns: size)
        guard columns[0] >= 0 else { throw BenchmarkError.noPairs }
      }
    }
  }
}
