import Metrics
import Tensors

/// Scores of persons against a gallery, of Market-1501's size.
enum RetrievalWork {
  static func prepare(queries: Int, gallery: Int, width: Int) -> Figure.Prepared {
    var random = RandomStream(seed: 4)
    let block = (0..<65_521).map { _ in random.normal() }
    // Noisy copies of one direction a person: neither all right nor all wrong.
    func draw(_ count: Int, _ start: Int) -> (features: [Float], labels: RetrievalLabels) {
      let persons = (0..<count).map { start + ($0 &* 7919) % (751 - start) }
      let features = [Float](unsafeUninitializedCapacity: count * width) { buffer, used in
        for image in 0..<count {
          for column in 0..<width {
            let noise = block[(image &* 31_013 &+ column &* 17) % block.count]
            buffer[image * width + column] =
              block[(persons[image] &* 769 &+ column) % block.count] + 4 * noise
          }
        }
        used = count * width
      }
      return (
        features,
        RetrievalLabels(persons: persons, cameras: (0..<count).map { ($0 / 3) % 6 })
      )
    }
    let (query, rest) = (draw(queries, 1), draw(gallery, 0))
    let operations = 2 * Double(queries * gallery * width)
    return .init(
      work: 1,
      floor: Floor(operations: operations, bytes: 4 * Double((queries + gallery) * width))
    ) {
      let scores = try scoreRetrieval(
        queryFeatures: query.features, galleryFeatures: rest.features, width: width,
        query: query.labels, gallery: rest.labels, options: RetrievalOptions(resamplings: 0))
      guard scores.mAP > 0 else { throw BenchmarkError.notFinite }
    }
  }
}
