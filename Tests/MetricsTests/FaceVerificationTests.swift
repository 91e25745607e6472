import Foundation
import Metrics
import Testing

struct FaceVerificationTests {
  private struct Golden: Decodable {
    var width: Int
    var same: [Bool]
    var first: [Float]
    var second: [Float]
    var folds: [Double]
    var accuracy: Double
    var deviation: Double
    var target: Double
    var val: Double
    var valDeviation: Double
    var far: Double
    var area: Double
  }

  @Test func `ten folds equal InsightFace on the same features`() throws {
    let url = Bundle.module.bundleURL.appending(path: "Goldens/faces.json")
    let golden = try JSONDecoder().decode(Golden.self, from: Data(contentsOf: url))
    let scores = try FaceVerification(
      first: golden.first, second: golden.second, width: golden.width, isSame: golden.same,
      falseAcceptTarget: golden.target)
    #expect(scores.foldAccuracies.count == 10)
    for (ours, theirs) in zip(scores.foldAccuracies, golden.folds) {
      #expect(abs(ours - theirs) < 1e-12)
    }
    #expect(abs(scores.accuracy - golden.accuracy) < 1e-12)
    #expect(abs(scores.accuracyDeviation - golden.deviation) < 1e-12)
    #expect(abs(scores.trueAcceptRate - golden.val) < 1e-12)
    #expect(abs(scores.trueAcceptDeviation - golden.valDeviation) < 1e-12)
    #expect(abs(scores.falseAcceptRate - golden.far) < 1e-12)
    #expect(abs(scores.curve.area - golden.area) < 1e-6)
    #expect(abs(scores.cosineThreshold - (1 - scores.threshold / 2)) < 1e-12)
  }

  @Test func `intervals are drawn over folds, and hold the score`() throws {
    var random = SystemlessRandom(state: 3)
    // Ten folds of twenty pairs; the odd ones are told apart, the even ones hardly.
    var (scores, same, groups): ([Float], [Bool], [Int]) = ([], [], [])
    for fold in 0..<10 {
      for pair in 0..<20 {
        same.append(pair % 2 == 0)
        scores.append((pair % 2 == 0 ? 0.3 : 0) + random.next() * (fold % 2 == 0 ? 1 : 0.3))
        groups.append(fold)
      }
    }
    let area = try ReceiverOperatingCurve(scores: scores, isSame: same).area
    func interval(_ groups: [Int]) throws -> [Double] {
      try #require(
        ReceiverOperatingCurve.areaInterval(
          scores: scores, isSame: same, groups: groups, resamplings: 400, seed: 1))
    }
    let found = try interval(groups)
    #expect(found[0] < area && area < found[1] && found[1] - found[0] < 0.3, "\(found) \(area)")
    #expect(try interval(groups) == found)
    // All pairs in one group: there is nothing to draw.
    let whole = try interval([Int](repeating: 0, count: groups.count))
    #expect(abs(whole[0] - area) < 1e-9 && abs(whole[1] - area) < 1e-9)
    #expect(
      ReceiverOperatingCurve.areaInterval(
        scores: scores, isSame: same, groups: groups, resamplings: 0, seed: 1) == nil)
  }

  /// A few numbers in 0…1 that are always the same.
  private struct SystemlessRandom {
    var state: UInt64

    mutating func next() -> Float {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Float(state >> 40) / Float(1 << 24)
    }
  }

  @Test func `a kind of pair that is missing is said`() {
    let features: [Float] = [1, 0, 0, 1]
    #expect(throws: MetricsError.self) {
      try FaceVerification(
        first: features, second: features, width: 2, isSame: [true, true], folds: 2)
    }
    #expect(throws: MetricsError.self) {
      try FaceVerification(
        first: [.nan, 0, 0, 1], second: features, width: 2, isSame: [true, false], folds: 2)
    }
  }

  @Test func `the curve takes the nearest point and the larger of equal ones`() throws {
    let curve = try ReceiverOperatingCurve(
      scores: [0.9, 0.8, 0.7, 0.6, 0.5, 0.4], isSame: [true, false, true, true, false, false])
    #expect(curve.point(nearest: 0).trueAcceptRate == 1.0 / 3)
    // 0 and 1/3 are equally near to 1/6; the second accepts more.
    #expect(abs(curve.point(nearest: 1.0 / 6).trueAcceptRate - 1) < 1e-12)
    #expect(abs(curve.area - 7.0 / 9) < 1e-12)
    #expect(curve.outline().last?.falseAcceptRate == 1)
    let tied = try ReceiverOperatingCurve(scores: [0.5, 0.5], isSame: [true, false])
    #expect(tied.area == 0.5)
  }

  @Test func `flip fusion keeps or drops lengths`() {
    var sum: [Float] = [3, 4]
    FeatureFusion.sum.fuse(&sum, mirrored: [0, 1], width: 2)
    var units: [Float] = [3, 4]
    FeatureFusion.sumOfUnits.fuse(&units, mirrored: [0, 1], width: 2)
    func unit(_ v: [Float]) -> [Double] {
      let length = Double(v[0] * v[0] + v[1] * v[1]).squareRoot()
      return v.map { Double($0) / length }
    }
    for (ours, golden) in zip(unit(sum) + unit(units), [0.514496, 0.857493, 0.316228, 0.948683]) {
      #expect(abs(ours - golden) < 1e-6)
    }
    var alone: [Float] = [3, 4]
    FeatureFusion.none.fuse(&alone, mirrored: [], width: 2)
    #expect(alone == [3, 4])
  }
}
