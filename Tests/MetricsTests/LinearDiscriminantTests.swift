import Foundation
import Images
import Metrics
import Testing

struct LinearDiscriminantTests {
  private struct Golden: Decodable {
    var width: Int
    var shrinkage: Double
    var classes: [Int]
    var rows: [Float]
    var cosines: [Float]
    var plain: [Float]
  }

  @Test func `cosines equal those of scipy and scikit-learn`() throws {
    let url = Bundle.module.bundleURL.appending(path: "Goldens/discriminant.json")
    let golden = try JSONDecoder().decode(Golden.self, from: Data(contentsOf: url))
    for (shrinkage, expected, tolerance) in [
      (golden.shrinkage, golden.cosines, Float(2e-5)), (1e-8, golden.plain, 1e-4),
    ] {
      let fitted = try LinearDiscriminant(
        features: golden.rows, width: golden.width, classes: golden.classes, shrinkage: shrinkage)
      #expect(fitted.projectedWidth == 3 && fitted.classCount == 4)
      let rows = fitted.projected(golden.rows)
      var largest: Float = 0
      for left in golden.classes.indices {
        for right in golden.classes.indices {
          let cosine = Self.cosine(rows, width: 3, left, right)
          largest = max(largest, abs(cosine - expected[left * golden.classes.count + right]))
        }
      }
      #expect(largest < tolerance, "\(largest)")
    }
  }

  private static func cosine(_ rows: [Float], width: Int, _ left: Int, _ right: Int) -> Float {
    func dot(_ one: Int, _ other: Int) -> Float {
      (0..<width).reduce(0) { $0 + rows[one * width + $1] * rows[other * width + $1] }
    }
    return dot(left, right) / (dot(left, left) * dot(right, right)).squareRoot()
  }

  @Test func `what changes within persons no longer counts`() throws {
    // The first two values tell persons, the others the camera, which moves a picture far more.
    var features: [Float] = []
    var persons: [Int] = []
    let cameras: [(Float, Float)] = [(1, 0), (-0.5, 0.866), (-0.5, -0.866)]
    for person in 0..<4 {
      for camera in cameras {
        features += [
          person & 1 == 0 ? 0.3 : -0.3, person & 2 == 0 ? 0.3 : -0.3, camera.0, camera.1,
        ]
        persons.append(person)
      }
    }
    #expect(Self.cosine(features, width: 4, 0, 1) < Self.cosine(features, width: 4, 0, 9))
    let fitted = try LinearDiscriminant(
      features: features, width: 4, classes: persons, shrinkage: 0.01)
    let rows = fitted.projected(features)
    let width = fitted.projectedWidth
    // Person 0 in two cameras against persons 0 and 3 in one camera.
    #expect(Self.cosine(rows, width: width, 0, 1) > 0.9)
    #expect(Self.cosine(rows, width: width, 0, 9) < 0)
  }

  @Test func `one person or none is refused`() {
    #expect(throws: MetricsError.self) {
      try LinearDiscriminant(features: [1, 2, 3, 4], width: 2, classes: [5, 5])
    }
    #expect(throws: MetricsError.self) {
      try LinearDiscriminant(features: [], width: 2, classes: [])
    }
    #expect(throws: MetricsError.self) {
      try LinearDiscriminant(features: [1, .nan, 3, 4], width: 2, classes: [5, 6])
    }
  }

  @Test func `a fitted description projects the one below it`() throws {
    let colours: [[UInt8]] = [[200, 30, 30], [30, 200, 30], [30, 30, 200]]
    let pictures = (0..<6).map { place in
      var picture = Image(width: 4, height: 12)
      for index in 0..<48 {
        for channel in 0..<3 {
          picture.pixels[index * 3 + channel] = colours[place % 3][channel] &+ UInt8(place)
        }
      }
      return picture
    }
    let base = try #require(ImageFeatureCatalog.fittedBase(named: "histogram-lda"))
    let fitted = try LinearDiscriminant(
      features: pictures.flatMap { base.features(of: $0) }, width: base.width,
      classes: (0..<6).map { $0 % 3 })
    let feature = DiscriminantFeature(base: base, discriminant: fitted)
    #expect(feature.name == "histogram-lda" && feature.width == 2)
    #expect(feature.features(of: pictures[0]).count == 2)
    #expect(ImageFeatureCatalog.names == ["histogram", "pixels", "histogram-lda", "pixels-lda"])
    #expect(ImageFeatureCatalog.fittedBase(named: "sound-lda") == nil)
  }
}
