import Metrics
import Testing

struct CameraCentringTests {
  @Test func `does not depend on the length of features and gives unit rows`() throws {
    let data = MadeRetrieval(seed: 51)
    let queryCameras = try #require(data.queryLabels.cameras)
    let galleryCameras = try #require(data.galleryLabels.cameras)
    var scaled = data.gallery
    for index in 0..<data.width { scaled[index] *= 1e-4 }
    let plain = try cameraCentred(
      query: data.query, queryCameras: queryCameras, gallery: data.gallery,
      galleryCameras: galleryCameras, width: data.width)
    let other = try cameraCentred(
      query: data.query, queryCameras: queryCameras, gallery: scaled,
      galleryCameras: galleryCameras, width: data.width)
    #expect(zip(plain.gallery, other.gallery).allSatisfy { abs($0 - $1) < 1e-5 })
    for row in 0..<queryCameras.count {
      let line = plain.query[(row * data.width)..<((row + 1) * data.width)]
      #expect(abs(line.reduce(0) { $0 + $1 * $1 } - 1) < 1e-5)
    }
  }

  @Test func `gives opposite directions for two images and zero for one`() throws {
    let centred = try cameraCentred(
      query: [1, 0], queryCameras: [0], gallery: [0, 2, 3, 4], galleryCameras: [0, 7], width: 2)
    let half = Float(0.5).squareRoot()
    #expect(abs(centred.query[0] - half) < 1e-6 && abs(centred.query[1] + half) < 1e-6)
    #expect(abs(centred.gallery[0] + half) < 1e-6 && abs(centred.gallery[1] - half) < 1e-6)
    #expect(centred.gallery[2...] == [0, 0])
  }
}
