import Metrics
import Testing

struct VerificationScoresTests {
  @Test func `rates are those of counting at the threshold`() throws {
    let data = MadeRetrieval(seed: 11, persons: 40)
    let options = RetrievalOptions(verification: true)
    let verification = try #require(try data.scores(options).verification)
    let distances = try data.distances()
    let gallery = data.galleryLabels.count
    let cameras = try #require(data.galleryLabels.cameras)
    let queryCameras = try #require(data.queryLabels.cameras)
    var genuine: [Double] = []
    var impostor: [Double] = []
    for query in 0..<data.queryLabels.count {
      for image in 0..<gallery where data.galleryLabels.persons[image] != -1 {
        let isSame = data.galleryLabels.persons[image] == data.queryLabels.persons[query]
        if isSame, cameras[image] == queryCameras[query] { continue }
        let distance = Double(distances[query * gallery + image])
        if isSame { genuine.append(distance) } else { impostor.append(distance) }
      }
    }
    #expect(verification.genuinePairs == genuine.count)
    #expect(verification.impostorPairs == impostor.count)
    #expect(verification.operatingPoints.count == 3)
    for point in verification.operatingPoints {
      let accepted = genuine.count { $0 < point.distanceThreshold }
      let wrong = impostor.count { $0 < point.distanceThreshold }
      #expect(point.truePositiveRate == Double(accepted) / Double(genuine.count))
      #expect(point.falsePositiveRate == Double(wrong) / Double(impostor.count))
      #expect(point.falsePositiveRate <= point.wantedFalsePositiveRate)
      #expect(point.cosineThreshold == 1 - point.distanceThreshold)
    }
    let wider = verification.operatingPoints[2]
    #expect(wider.truePositiveRate > 0 && wider.falsePositiveRate > 0.005)
    genuine.sort()
    impostor.sort()
    var nearer = 0
    var below = 0
    for different in impostor {
      while below < genuine.count, genuine[below] < different { below += 1 }
      nearer += below
    }
    let area = Double(nearer) / Double(genuine.count) / Double(impostor.count)
    #expect(abs(verification.areaUnderCurve - area) < 1e-4)
    #expect(abs(verification.genuineHistogram.reduce(0, +) - 1) < 1e-9)
    #expect(abs(verification.impostorHistogram.reduce(0, +) - 1) < 1e-9)
    let largest = try #require((genuine + impostor).max())
    #expect(verification.histogramLimit > largest)
    #expect(verification.histogramLimit / 2 <= largest)
  }
}
