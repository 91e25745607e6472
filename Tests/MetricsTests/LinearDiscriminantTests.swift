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
  }

  @Test func `cosines equal those of scikit-learn`() throws {
    let url = Bundle.module.bundleURL.appending(path: "Goldens/discriminant.json")
    let golden = try JSONDecoder().decode(Golden.self, from: Data(contentsOf: url))
    let fitted = try LinearDiscriminant(
      features: golden.rows, width: golden.width, classes: golden.classes,
      shrinkage: golden.shrinkage)
    #expect(fitted.projectedWidth == 3 && fitted.classCount == 4)
    let rows = fitted.projected(golden.rows)
    let count = golden.classes.count
    func dot(_ left: Int, _ right: Int) -> Float {
      (0..<3).reduce(0) { $0 + rows[left * 3 + $1] * rows[right * 3 + $1] }
    }
    var largest: Float = 0
    for left in 0..<count {
      for right in 0..<count {
        let cosine = dot(left, right) / (dot(left, left) * dot(right, right)).squareRoot()
        largest = max(largest, abs(cosine - golden.cosines[left * count + right]))
      }
    }
    #expect(largest < 2e-5, "\(largest)")
  }

  @Test func `what changes within persons no longer counts`() throws {
    // The first two values tell persons, the third the camera, which moves a picture far more.
    var features: [Float] = []
    var persons: [Int] = []
    for person in 0..<4 {
      for camera in 0..<3 {
        features += [
          person & 1 == 0 ? 1 : 1.2, person & 2 == 0 ? 1 : 1.2, 3 * Float(camera),
        ]
        persons.append(person)
      }
    }
    let fitted = try LinearDiscriminant(
      features: features, width: 3, classes: persons, shrinkage: 1e-4)
    let rows = fitted.projected(features)
    let width = fitted.projectedWidth
    func cosine(_ left: Int, _ right: Int) -> Float {
      let pairs = (0..<width).map { (rows[left * width + $0], rows[right * width + $0]) }
      let lengths = pairs.reduce((Float(0), Float(0))) {
        ($0.0 + $1.0 * $1.0, $0.1 + $1.1 * $1.1)
      }
      return pairs.reduce(0) { $0 + $1.0 * $1.1 } / (lengths.0 * lengths.1).squareRoot()
    }
    // Person 0 in its cameras against person 3 in the same camera.
    #expect(cosine(0, 1) > cosine(0, 9) + 0.5)
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
