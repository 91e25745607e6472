import Images
import Testing

@testable import Persons

@Suite("Static camera detector")
struct StaticCameraDetectorTests {
  /// A textured street before which upright ellipses walk.
  struct Street {
    let width = 384
    let height = 288

    struct Walker {
      var foot: Int
      var start: Int
      var speed: Int
      var colour: (UInt8, UInt8, UInt8)
    }

    let walkers = [
      Walker(foot: 250, start: -60, speed: 9, colour: (150, 30, 40)),
      Walker(foot: 200, start: 420, speed: -8, colour: (20, 20, 30)),
      Walker(foot: 140, start: -250, speed: 11, colour: (40, 60, 160)),
    ]

    func truth(_ frame: Int) -> [Rectangle] {
      walkers.map { walker in
        let tall = walker.foot * 3 / 10 + 10
        let wide = tall * 2 / 5
        let centre = walker.start + walker.speed * frame
        return Rectangle(
          left: Double(centre - wide / 2), top: Double(walker.foot - tall), width: Double(wide),
          height: Double(tall))
      }
    }

    func picture(_ frame: Int, shift: Int = 0, people: Bool = true) -> Image {
      var image = Image(width: width, height: height)
      for y in 0..<height {
        for x in 0..<width {
          let u = x + shift
          let value = 120 + (u / 24 + y / 24) % 2 * 45 + (u &* 7 &+ y &* 13 &+ frame &* 5) % 9
          for channel in 0..<3 {
            image.pixels[(y * width + x) * 3 + channel] = UInt8(value - channel * 4)
          }
        }
      }
      guard people else { return image }
      for (box, walker) in zip(truth(frame), walkers) {
        for y in max(0, Int(box.top))..<min(height, Int(box.bottom)) {
          for x in 0..<width where Double(x) >= box.left && Double(x) < box.right {
            let dx = (Double(x) + 0.5 - box.left) / box.width * 2 - 1
            let dy = (Double(y) + 0.5 - box.top) / box.height * 2 - 1
            guard dx * dx + dy * dy <= 1 else { continue }
            let at = (y * width + x) * 3
            image.pixels[at] = walker.colour.0
            image.pixels[at + 1] = walker.colour.1
            image.pixels[at + 2] = walker.colour.2
          }
        }
      }
      return image
    }
  }

  private let street = Street()

  private func detector() throws -> StaticCameraDetector {
    try StaticCameraDetector(
      backgroundFrom: stride(from: 0, to: 46, by: 2).map { street.picture($0) })
  }

  @Test("People are found where they are, and only there")
  func finds() throws {
    let detector = try detector()
    #expect(!detector.movingCamera)
    try detector.requireStaticCamera()
    let model = try #require(detector.heightModel)
    #expect(abs(model.expectedHeight(foot: 200) - 70) < 6)
    var found = 0
    var present = 0
    var wrong = 0
    let frame = Rectangle(left: 0, top: 0, width: 384, height: 288)
    for index in stride(from: 1, to: 45, by: 4) {
      let truth = street.truth(index).filter { frame.intersection($0) == $0 }
      let boxes = detector.boxes(in: street.picture(index))
      present += truth.count
      for box in truth
      where boxes.contains(where: { $0.rectangle.intersectionOverUnion(box) > 0.7 }) {
        found += 1
      }
      wrong += boxes.count { box in
        !street.truth(index).contains { $0.intersectionOverUnion(box.rectangle) > 0.3 }
      }
    }
    #expect(present > 15)
    #expect(Double(found) >= 0.75 * Double(present), "found \(found) of \(present)")
    #expect(wrong == 0)
  }

  @Test("The two stages agree with the single call")
  func stages() throws {
    var detector = try detector()
    let pictures = (10..<20).map { street.picture($0) }
    let candidates = pictures.map { detector.candidates(in: $0) }
    let direct = pictures.map { detector.boxes(in: $0) }
    #expect(
      direct
        == candidates.map { $0.filter { detector.isPerson($0, frameHeight: street.height) } })
    detector.fitHeights(to: candidates.flatMap(\.self), frameHeight: street.height)
    #expect(detector.heightModel != nil)
    detector.fitHeights(to: [], frameHeight: street.height)
    #expect(detector.heightModel == nil && !detector.heightsDisagree)
  }

  @Test("An empty street has no people")
  func nobody() throws {
    let detector = try StaticCameraDetector(
      backgroundFrom: (0..<9).map { street.picture($0, people: false) })
    #expect(!detector.movingCamera)
    #expect(detector.heightModel == nil && !detector.heightsDisagree)
    #expect(detector.boxes(in: street.picture(11, people: false)).isEmpty)
  }

  @Test("A moving camera is refused with a sentence")
  func moving() throws {
    let detector = try StaticCameraDetector(
      backgroundFrom: (0..<20).map { street.picture($0, shift: $0 * 7) })
    #expect(detector.movingCamera)
    let error = #expect(throws: DetectionError.self) { try detector.requireStaticCamera() }
    #expect("\(try #require(error))".contains("--detections"))
  }

  @Test("A clip cut together from two views is refused")
  func cuts() throws {
    let dark = Image(width: street.width, height: street.height, red: 30, green: 30, blue: 40)
    let detector = try StaticCameraDetector(
      backgroundFrom: (0..<12).map { street.picture($0) } + Array(repeating: dark, count: 7))
    #expect(detector.movingCamera)
  }

  @Test("A frame of another size has no boxes")
  func otherSize() throws {
    #expect(try detector().boxes(in: Image(width: 100, height: 80)).isEmpty)
  }

  @Test("Large frames give boxes in their own pixels")
  func large() throws {
    func enlarged(_ image: Image) -> Image {
      image.resized(width: image.width * 3, height: image.height * 3, filter: .nearest)
    }
    let detector = try StaticCameraDetector(
      backgroundFrom: stride(from: 0, to: 46, by: 5).map { enlarged(street.picture($0)) })
    let truth = street.truth(20)
    let boxes = detector.boxes(in: enlarged(street.picture(20)))
    #expect(!boxes.isEmpty)
    for box in boxes {
      let small = Rectangle(
        left: box.rectangle.left / 3, top: box.rectangle.top / 3, width: box.rectangle.width / 3,
        height: box.rectangle.height / 3)
      #expect(truth.contains { $0.intersectionOverUnion(small) > 0.7 })
    }
  }
}
