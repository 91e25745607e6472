import Foundation
import Metrics
import Testing

struct KReciprocalRerankingTests {
  @Test func `gives the worked example`() throws {
    func unit(_ degrees: [Double]) -> [Float] {
      degrees.flatMap { [Float(cos($0 * .pi / 180)), Float(sin($0 * .pi / 180))] }
    }
    let reranking = try KReciprocalReranking(
      query: unit([0, 60]), gallery: unit([5, 12, 50, 66, 80, 130]), width: 2,
      configuration: .init(k1: 3, k2: 2, lambda: 0.3))
    let expected: [Float] = [
      0.000695, 0.007419, 0.765233, 0.80834, 0.850905, 1.0,
      0.894424, 0.850857, 0.025196, 0.002498, 0.050951, 0.766667,
    ]
    let distances = allDistances(reranking)
    #expect(distances.count == expected.count)
    for (value, other) in zip(distances, expected) { #expect(abs(value - other) < 2e-6) }
  }

  @Test(arguments: [(20, 6, 0.3), (7, 1, 0.0), (5, 4, 0.8)])
  func `equals the dense form on 300 random points`(k1: Int, k2: Int, lambda: Double) throws {
    var random = TestRandom(seed: UInt64(k1))
    let points = (0..<(300 * 6)).map { _ in random.signed() }
    let sparse = try KReciprocalReranking(
      query: Array(points[..<(60 * 6)]), gallery: Array(points[(60 * 6)...]), width: 6,
      configuration: .init(k1: k1, k2: k2, lambda: lambda))
    let dense = DenseReranking(points, width: 6, k1: k1, k2: k2)
      .distances(queries: 60, lambda: lambda)
    let values = allDistances(sparse)
    let largest = zip(values, dense).map { abs(Double($0) - $1) }.max() ?? .infinity
    #expect(values.count == 60 * 240 && largest < 1e-5)
  }

  @Test func `blocks give the rows of the whole`() throws {
    let data = MadeRetrieval(seed: 21)
    let reranking = try KReciprocalReranking(
      query: data.query, gallery: data.gallery, width: data.width)
    let whole = allDistances(reranking)
    var part = [Float](repeating: 0, count: 3 * reranking.galleryCount)
    part.withUnsafeMutableBufferPointer { reranking.writeDistances(of: 4..<7, into: $0) }
    for (index, value) in part.enumerated() {
      #expect(abs(value - whole[4 * reranking.galleryCount + index]) < 1e-6)
    }
  }

  @Test func `raises the score of clustered persons`() throws {
    let data = MadeRetrieval(seed: 22, persons: 25, perPerson: 20, cast: 0.2)
    let plain = try data.scores()
    let reranking = try KReciprocalReranking(
      query: data.query, gallery: data.gallery, width: data.width)
    let again = try scoreRetrieval(
      reranking, query: data.queryLabels, gallery: data.galleryLabels)
    #expect(again.mAP > plain.mAP)
  }
}
