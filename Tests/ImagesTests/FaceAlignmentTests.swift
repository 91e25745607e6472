import Foundation
import Images
import Testing

struct FaceAlignmentTests {
  private struct Golden: Decodable {
    struct Case: Decodable {
      var points: [Double]
      var matrix: [Double]
    }
    var cases: [Case]
    var warpedPoints: [Double]
    var warpedRows: [UInt8]
  }

  private static func golden() throws -> Golden {
    let url = Bundle.module.bundleURL.appending(path: "Fixtures/faces.json")
    return try JSONDecoder().decode(Golden.self, from: Data(contentsOf: url))
  }

  private static func matrix(_ transform: SimilarityTransform) -> [Double] {
    [transform.a, -transform.b, transform.shift.x, transform.b, transform.a, transform.shift.y]
  }

  @Test func `five points give the matrix of scikit-image`() throws {
    let golden = try Self.golden()
    #expect(golden.cases.count == 8)
    for entry in golden.cases {
      let landmarks = try #require(FaceLandmarks(coordinates: entry.points))
      let transform = try #require(
        SimilarityTransform(
          from: landmarks.points, to: FaceLandmarks.template(size: 112).points))
      for (ours, theirs) in zip(Self.matrix(transform), entry.matrix) {
        #expect(abs(ours - theirs) < 1e-9 * max(1, abs(theirs)))
      }
    }
  }

  @Test func `the golden numbers of the alignment`() throws {
    let landmarks = FaceLandmarks([
      SIMD2(120.5, 130.2), SIMD2(180.3, 128.7), SIMD2(150.0, 165.0), SIMD2(128.0, 200.4),
      SIMD2(176.6, 198.9),
    ])
    let transform = try #require(
      SimilarityTransform(from: landmarks.points, to: FaceLandmarks.template(size: 112).points))
    let expected = [
      0.58440732, -0.01267578, -30.17915826, 0.01267578, 0.58440732, -26.23109733,
    ]
    for (ours, theirs) in zip(Self.matrix(transform), expected) {
      #expect(abs(ours - theirs) < 1e-8)
    }
    let there = transform.applied(to: landmarks.points[2])
    let back = transform.inverse.applied(to: there)
    #expect(abs(back.x - 150) < 1e-9 && abs(back.y - 165) < 1e-9)
  }

  @Test func `warping equals OpenCV within its rounding of places`() throws {
    let golden = try Self.golden()
    var pixels: [UInt8] = []
    for y in 0..<40 {
      for x in 0..<48 {
        let blue: Int = (x * 3 + y * 2) % 256
        pixels.append(UInt8(x * 5))
        pixels.append(UInt8(y * 6))
        pixels.append(UInt8(blue))
      }
    }
    let picture = Image(width: 48, height: 40, pixels: pixels)
    let landmarks = try #require(FaceLandmarks(coordinates: golden.warpedPoints))
    let aligned = try #require(picture.aligned(by: landmarks, size: 112))
    var ours: [UInt8] = []
    for row in stride(from: 0, to: 112, by: 16) {
      ours += aligned.pixels[(row * 336)..<((row + 1) * 336)]
    }
    #expect(ours.count == golden.warpedRows.count)
    let differences: [Int] = zip(ours, golden.warpedRows).map { abs(Int($0) - Int($1)) }
    // The edge between picture and border is steep: 1/32 pixel there is up to 8 levels.
    #expect((differences.max() ?? 255) <= 8)
    #expect(Double(differences.reduce(0, +)) / Double(differences.count) < 0.2)
  }

  @Test func `the template grows with the picture and stands inside 128 columns`() {
    let small = FaceLandmarks.template(size: 112).points
    #expect(FaceLandmarks.template(size: 224).points[3] == small[3] * 2)
    #expect(FaceLandmarks.template(size: 128).points[0] == small[0] + SIMD2(8, 0))
  }

  @Test func `68 points give the five`() throws {
    let numbers = (0..<68).flatMap { [Double($0), Double(100 + $0)] }
    let landmarks = try #require(FaceLandmarks(coordinates: numbers))
    #expect(landmarks.points.map(\.x) == [37.5, 43.5, 30, 48, 54])
    #expect(FaceLandmarks(coordinates: [1, 2, 3]) == nil)
  }

  @Test func `points that fall together cannot be aligned`() {
    let landmarks = FaceLandmarks([SIMD2<Double>](repeating: SIMD2(4, 5), count: 5))
    #expect(Image(width: 10, height: 10).aligned(by: landmarks, size: 112) == nil)
  }

  @Test func `padding centres a picture in a square`() {
    let padded = Image(width: 2, height: 4, red: 9, green: 9, blue: 9).paddedToSquare()
    #expect(padded.width == 4 && padded.height == 4)
    #expect(padded.pixels[0] == 0 && padded.pixels[3] == 9 && padded.pixels[9] == 0)
  }
}
