import Foundation

/// k-reciprocal re-ranking with whole matrices, step by step as the method is described.
struct DenseReranking {
  private let distance: [[Double]]
  private let order: [[Int]]
  private var weights: [[Double]] = []

  /// Computes the weights of all points.
  init(_ points: [Float], width: Int, k1: Int, k2: Int) {
    let count = points.count / width
    let rows = (0..<count).map { index in
      let row = points[(index * width)..<((index + 1) * width)].map(Double.init)
      let length = row.reduce(0) { $0 + $1 * $1 }.squareRoot()
      return row.map { $0 / length }
    }
    distance = rows.map { left -> [Double] in
      let line = rows.map { right in
        left.indices.reduce(0.0) {
          $0 + (left[$1] - right[$1]) * (left[$1] - right[$1])
        }
      }
      let largest = line.max() ?? 1
      return line.map { $0 / largest }
    }
    order = distance.map { line in
      line.indices.sorted { (line[$0], $0) < (line[$1], $1) }
    }
    let half = Int((Double(k1) / 2).rounded(.toNearestOrEven))
    weights = (0..<count).map { index -> [Double] in
      let members = reciprocal(index, k1)
      var expanded = members
      for member in members {
        let candidates = reciprocal(member, half)
        let overlap = Double(candidates.intersection(members).count)
        if overlap > 2 / 3 * Double(candidates.count) { expanded.formUnion(candidates) }
      }
      var line = [Double](repeating: 0, count: count)
      for other in expanded { line[other] = exp(-distance[index][other]) }
      let sum = line.reduce(0, +)
      return line.map { $0 / sum }
    }
    guard k2 > 1 else { return }
    let plain = weights
    weights = order.map { line in
      (0..<count).map { column in
        line[..<k2].reduce(0.0) { $0 + plain[$1][column] } / Double(k2)
      }
    }
  }

  /// `[queries, gallery]`: the re-ranked distances when the first points are the queries.
  func distances(queries: Int, lambda: Double) -> [Double] {
    (0..<queries).flatMap { query in
      (queries..<weights.count).map { image in
        var shared = 0.0
        for column in weights.indices {
          shared += min(weights[query][column], weights[image][column])
        }
        let jaccard = 1 - shared / (2 - shared)
        return (1 - lambda) * jaccard + lambda * distance[query][image]
      }
    }
  }

  private func reciprocal(_ index: Int, _ k: Int) -> Set<Int> {
    Set(order[index][...k].filter { order[$0][...k].contains(index) })
  }
}
