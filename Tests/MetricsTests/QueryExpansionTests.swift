import Foundation
import Metrics
import Testing

struct QueryExpansionTests {
  @Test(arguments: [(1, 3.0), (4, 0.0), (5, 3.0)])
  func `equals the plain way over a whole matrix`(_ neighbours: Int, _ alpha: Double) throws {
    let made = MadeRetrieval(seed: 8)
    let (query, gallery) = try QueryExpansion(neighbours: neighbours, alpha: alpha)
      .expanded(query: made.query, gallery: made.gallery, width: made.width)
    let width = made.width
    let rows = stride(from: 0, to: made.query.count + made.gallery.count, by: width).map { start in
      let row = (made.query + made.gallery)[start..<(start + width)].map(Double.init)
      let length = row.reduce(0) { $0 + $1 * $1 }.squareRoot()
      return row.map { $0 / length }
    }
    var largest = 0.0
    for (image, row) in rows.enumerated() {
      let cosines = rows.map { zip($0, row).reduce(0) { $0 + $1.0 * $1.1 } }
      let near = cosines.indices.sorted { cosines[$0] > cosines[$1] }.prefix(neighbours)
      var sum = [Double](repeating: 0, count: width)
      for other in near {
        let weight = pow(max(cosines[other], 0), alpha)
        for column in 0..<width { sum[column] += weight * rows[other][column] }
      }
      let length = sum.reduce(0) { $0 + $1 * $1 }.squareRoot()
      let ours = query + gallery
      for column in 0..<width {
        largest = max(largest, abs(sum[column] / length - Double(ours[image * width + column])))
      }
    }
    #expect(largest < 1e-5, "\(largest)")
  }

  @Test func `one neighbour is the row itself`() throws {
    let (query, gallery) = try QueryExpansion(neighbours: 1)
      .expanded(query: [3, 4], gallery: [1, 0, 0, 2], width: 2)
    #expect(abs(query[0] - 0.6) < 1e-6 && abs(query[1] - 0.8) < 1e-6)
    #expect(gallery == [1, 0, 0, 1])
  }

  @Test func `tight groups get tighter`() throws {
    let made = MadeRetrieval(seed: 9)
    func score(_ features: (query: [Float], gallery: [Float])) throws -> Double {
      try scoreRetrieval(
        queryFeatures: features.query, galleryFeatures: features.gallery, width: made.width,
        query: made.queryLabels, gallery: made.galleryLabels
      ).mAP
    }
    let expanded = try QueryExpansion(neighbours: 5)
      .expanded(query: made.query, gallery: made.gallery, width: made.width)
    #expect(try score(expanded) > score((made.query, made.gallery)))
  }
}
