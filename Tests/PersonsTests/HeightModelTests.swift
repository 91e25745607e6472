import Images
import Testing

@testable import Persons

@Suite("Heights by place")
struct HeightModelTests {
  private func box(foot: Double, height: Double) -> Rectangle {
    Rectangle(left: 0, top: foot - height, width: height / 3, height: height)
  }

  private var people: [Rectangle] {
    (0..<40).map { index in
      let foot = 150 + Double(index * 37 % 400)
      let wobble = 1 + 0.08 * Double(index % 5 - 2) / 2
      return box(foot: foot, height: (0.25 * foot + 12) * wobble)
    }
  }

  @Test("The line is found among outliers")
  func robust() throws {
    let shadows = (0..<12).map { box(foot: 480 + Double($0), height: 30) }
    let model = try #require(HeightModel(fitting: people + shadows))
    #expect(abs(model.slope - 0.25) < 0.02)
    #expect(abs(model.expectedHeight(foot: 350) - 99.5) < 4)
    #expect(people.allSatisfy(model.accepts))
    #expect(!shadows.contains(where: model.accepts))
  }

  @Test("Too few boxes, or boxes that agree on nothing, give no line")
  func undecided() {
    #expect(HeightModel(fitting: Array(people.prefix(11))) == nil)
    let random = (0..<60).map { box(foot: 300 + Double($0 % 7), height: 20 * pow2($0 % 5)) }
    #expect(HeightModel(fitting: random) == nil)
  }

  @Test("Feet on one row give a level line")
  func level() throws {
    let row = (0..<20).map { box(foot: 300, height: 100 + Double($0 % 3)) }
    let model = try #require(HeightModel(fitting: row))
    #expect(model.slope == 0)
    #expect(model.accepts(box(foot: 200, height: 110)))
    #expect(!model.accepts(box(foot: 200, height: 150)))
  }

  private func pow2(_ exponent: Int) -> Double { Double(1 << exponent) }
}
