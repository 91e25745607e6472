import Foundation
import Metrics
import Testing

struct FaceIdentificationTests {
  private typealias Mate = FaceIdentification.Mate

  @Test func `the golden numbers of the open set`() {
    let mates = [
      Mate(score: 0.9, rank: 1), Mate(score: 0.5, rank: 2), Mate(score: 0.8, rank: 1),
    ]
    func rate(_ share: Double) -> Double? {
      FaceIdentification.truePositiveRate(mates: mates, strangers: [0.55, 0.85], at: share)
    }
    #expect(rate(0.1) == 1.0 / 3)
    #expect(rate(0.5) == 1.0 / 3)
    #expect(rate(1) == 2.0 / 3)
    #expect(FaceIdentification.truePositiveRate(mates: mates, strangers: [], at: 0.1) == nil)
  }

  @Test func `ranks, ties and strangers`() throws {
    // Gallery: two pictures of person 1, one of 2, a distractor equal to the probe of 2.
    let scores = try FaceIdentification(
      gallery: [1, 0, 0.8, 0.6, 0, 1, 0, 2], galleryPersons: [1, 1, 2, -100],
      probes: [0.9, 0.1, 0, 3, 1, 1], probePersons: [1, 2, 7], width: 2)
    #expect(scores.mates[0]?.rank == 1)
    // The mate comes before the equally near distractor in the gallery.
    #expect(scores.mates[1]?.rank == 1)
    #expect(scores.mates[2] == nil)
    #expect(scores.nearest[2] == 1)
    #expect(scores.matedCount == 2 && scores.rate(at: 1) == 1)
    #expect(abs((scores.mates[1]?.score ?? 0) - 1) < 1e-6)
    let behind = try FaceIdentification(
      gallery: [0, 1, 0, 2], galleryPersons: [-100, 2], probes: [0, 1], probePersons: [2], width: 2)
    #expect(behind.mates[0]?.rank == 2)
    #expect(behind.rate(at: 1) == 0 && behind.rate(at: 5) == 1)
  }

  @Test func `the golden ranks of a closed set`() throws {
    // Two of three probes find their mate first, the third finds it second.
    let scores = try FaceIdentification(
      gallery: [1, 0, 0, 1, 0.6, 0.8], galleryPersons: [0, 1, 2],
      probes: [1, 0.05, 0.1, 1, 0.2, 1], probePersons: [0, 1, 2], width: 2)
    #expect(scores.mates.map { $0?.rank } == [1, 1, 2])
    #expect(abs((scores.rate(at: 1) ?? 0) - 2.0 / 3) < 1e-12)
    #expect(scores.rate(at: 5) == 1)
  }

  @Test func `blocks do not change the answer`() throws {
    // More distances than fit in one block.
    let (gallery, probes, width) = (3000, 1500, 4)
    var state: UInt64 = 1
    func next() -> Float {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Float(state >> 40) / Float(1 << 23) - 1
    }
    let galleryFeatures = (0..<(gallery * width)).map { _ in next() }
    let probeFeatures = (0..<(probes * width)).map { _ in next() }
    let persons = (0..<gallery).map { $0 % 700 }
    let all = try FaceIdentification(
      gallery: galleryFeatures, galleryPersons: persons, probes: probeFeatures,
      probePersons: (0..<probes).map { $0 % 900 }, width: width)
    let last = try FaceIdentification(
      gallery: galleryFeatures, galleryPersons: persons,
      probes: Array(probeFeatures.suffix(width)), probePersons: [(probes - 1) % 900], width: width)
    #expect(all.mates.count == probes)
    #expect(all.mates.last??.rank == last.mates[0]?.rank)
    #expect(all.nearest.last == last.nearest[0])
  }

  @Test func `templates are pooled in the named ways`() {
    let features: [Float] = [3, 4, 0, 1]
    func pooled(_ pooling: TemplatePooling, _ qualities: [Float]? = nil) -> [Float] {
      pooling.pooled(features, width: 2, templates: [0, 0], count: 2, qualities: qualities)
    }
    func near(_ values: [Float], _ x: Double, _ y: Double) -> Bool {
      let length = (x * x + y * y).squareRoot()
      // The second template has no picture and stays zero.
      return abs(Double(values[0]) - x / length) < 1e-6
        && abs(Double(values[1]) - y / length) < 1e-6
        && values[2] == 0 && values[3] == 0
    }
    #expect(near(pooled(.sum), 3, 5))
    #expect(near(pooled(.meanOfUnits), 0.6, 1.8))
    #expect(near(pooled(.squaredLength), 15, 21))
    #expect(near(pooled(.quality, [1, 0.5]), 0.6, 1.3))
  }

  @Test func `media are averaged before they are summed`() {
    // Template 0: a video of two frames and a photograph; the frames together count once.
    let pooled = TemplatePooling.pooledByMedia(
      [2, 0, 4, 0, 0, 1], width: 2, scores: [1, 0.5, 1], templates: [0, 0, 0], media: [5, 5, 6],
      count: 1)
    // Video: (2·1 + 4·0.5)/2 = 2, photograph: 1.
    #expect(abs(pooled[0] - 2 / Float(5).squareRoot()) < 1e-6)
    #expect(abs(pooled[1] - 1 / Float(5).squareRoot()) < 1e-6)
  }
}
