import Foundation
import Images
import Testing

@Suite struct RectangleTests {
  let box = Rectangle(left: 1, top: 2, width: 4, height: 6)

  @Test func `edges and area follow from corner and size`() {
    #expect(box.right == 5)
    #expect(box.bottom == 8)
    #expect(box.area == 24)
    #expect(Rectangle(left: 0, top: 0, width: -2, height: -3).area == 0)
  }

  @Test func `boxes that touch do not intersect`() {
    #expect(box.intersection(Rectangle(left: 5, top: 2, width: 4, height: 6)) == nil)
    #expect(box.intersection(Rectangle(left: 1, top: 9, width: 4, height: 6)) == nil)
    #expect(
      box.intersection(Rectangle(left: 4, top: 0, width: 9, height: 3))
        == Rectangle(left: 4, top: 2, width: 1, height: 1))
  }

  @Test func `intersection over union`() {
    #expect(box.intersectionOverUnion(box) == 1)
    #expect(box.intersectionOverUnion(Rectangle(left: 9, top: 9, width: 1, height: 1)) == 0)
    let half = Rectangle(left: 3, top: 2, width: 4, height: 6)
    #expect(abs(box.intersectionOverUnion(half) - 12.0 / 36.0) < 1e-12)
    #expect(half.intersectionOverUnion(box) == box.intersectionOverUnion(half))
    let empty = Rectangle(left: 0, top: 0, width: 0, height: 0)
    #expect(empty.intersectionOverUnion(empty) == 0)
  }

  @Test func `survives JSON`() throws {
    let data = try JSONEncoder().encode(box)
    #expect(try JSONDecoder().decode(Rectangle.self, from: data) == box)
  }
}
