import Metrics
import Testing

struct NearestNeighboursTests {
  @Test func `lists the nearest first and ties by index`() {
    let distances = DistanceMatrix(
      [0.3, 0.1, 0.3, 0.2, 0.1, 0.5, 0.5, 0.5, 0.5, 0.5], queries: 2, gallery: 5)
    let lists = nearestNeighbours(distances, count: 3, blockRows: 1)
    #expect(lists[0].map(\.index) == [1, 4, 3])
    #expect(lists[0].map(\.distance) == [0.1, 0.1, 0.2])
    #expect(lists[1].map(\.index) == [0, 1, 2])
  }

  @Test func `finds what sorting finds`() throws {
    let data = MadeRetrieval(seed: 31, persons: 30)
    let source = try CosineDistances(query: data.query, gallery: data.gallery, width: data.width)
    let values = allDistances(source)
    let count = source.galleryCount
    for (query, list) in nearestNeighbours(source, count: 17).enumerated() {
      let row = Array(values[(query * count)..<((query + 1) * count)])
      let sorted = row.indices.sorted { (row[$0], $0) < (row[$1], $1) }
      #expect(list.map(\.index) == Array(sorted[..<17]))
    }
    #expect(nearestNeighbours(source, count: 10_000)[0].count == count)
  }
}
