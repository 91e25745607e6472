import Images
import Testing

@testable import Persons

@Suite("Box rules")
struct BoxRulesTests {
  private func box(
    _ left: Double, _ top: Double, _ width: Double, _ height: Double, confidence: Double = 1
  ) -> PersonBox {
    PersonBox(
      rectangle: Rectangle(left: left, top: top, width: width, height: height),
      confidence: confidence)
  }

  private func kept(_ boxes: [PersonBox]) -> [PersonBox] {
    BoxRules().apply(boxes, frameWidth: 640, frameHeight: 480)
  }

  @Test("Each limit is inclusive and the value beyond it is out")
  func limits() {
    #expect(kept([box(10, 10, 40, 100, confidence: 0.5)]).count == 1)
    #expect(kept([box(10, 10, 40, 100, confidence: 0.49)]).isEmpty)
    #expect(kept([box(10, 10, 30, 64)]).count == 1)
    #expect(kept([box(10, 10, 30, 63.9)]).isEmpty)
    #expect(kept([box(10, 10, 100, 120)]).count == 1)
    #expect(kept([box(10, 10, 101, 120)]).isEmpty)
    #expect(kept([box(10, 10, 20, 90)]).count == 1)
    #expect(kept([box(10, 10, 20, 91)]).isEmpty)
    #expect(kept([box(-5, 10, 50, 100)]).count == 1)
    #expect(kept([box(-6, 10, 50, 100)]).isEmpty)
    #expect(kept([box(600, 400, 50, 100)]).isEmpty)
  }

  @Test("Boxes that are no boxes are out")
  func degenerate() {
    #expect(
      kept([box(10, 10, 0, 100), box(10, .nan, 40, 100), box(.infinity, 0, 40, 100)]).isEmpty)
  }

  @Test("Of two overlapping boxes the surer one stays, whatever the order")
  func suppression() {
    let weak = box(10, 10, 50, 100, confidence: 0.6)
    let strong = box(14, 12, 50, 100, confidence: 0.9)
    let apart = box(200, 10, 50, 100, confidence: 0.7)
    #expect(kept([weak, apart, strong]) == [apart, strong])
    #expect(kept([strong, apart, weak]) == [strong, apart])
  }

  @Test("A suppressed box suppresses nothing")
  func chain() {
    let first = box(10, 10, 50, 100, confidence: 0.9)
    let second = box(20, 10, 50, 100, confidence: 0.8)
    let third = box(30, 10, 50, 100, confidence: 0.7)
    #expect(first.rectangle.intersectionOverUnion(second.rectangle) > 0.6)
    #expect(first.rectangle.intersectionOverUnion(third.rectangle) < 0.6)
    #expect(kept([first, second, third]) == [first, third])
  }

  @Test("Equal boxes leave one")
  func ties() {
    let same = box(10, 10, 50, 100)
    #expect(kept([same, same, same]) == [same])
  }
}
