import Storage
import Testing

@Suite struct PreparationMistakesTests {
  private func mistakes(_ mean: [Float], _ std: [Float]) -> [String] {
    ModelConfiguration.Preparation(inputSize: [3, 128, 64], mean: mean, std: std).mistakes
  }

  @Test func `usual preparations are not complained about`() {
    for (mean, std) in [
      ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]), ([0.5, 0.5, 0.5], [0.5, 0.5, 0.5]),
      ([0, 0, 0], [1, 1, 1]), ([0.481, 0.458, 0.408], [0.269, 0.261, 0.276]),
    ] as [([Float], [Float])] {
      #expect(mistakes(mean, std).isEmpty, "\(mean)")
    }
  }

  @Test func `the usual mistakes are named`() {
    let wrong = mistakes([123.675, 116.28, 103.53], [58.395, 57.12, 57.375])
    #expect(wrong.count == 1 && wrong[0].contains("divide both by 255"))
    let turned = mistakes([0.406, 0.456, 0.485], [0.225, 0.224, 0.229])
    #expect(turned.count == 1 && turned[0].contains("blue, green, red"))
    #expect(mistakes([103.53, 116.28, 123.675], [57.375, 57.12, 58.395]).count == 2)
    #expect(mistakes([0.485, 0.456, 0.406], [0, 0, 0])[0].contains("nearly 0"))
    #expect(mistakes([0.5], [0.5])[0].contains("three finite numbers"))
    #expect(mistakes([0.5, .nan, 0.5], [1, 1, 1])[0].contains("three finite numbers"))
  }
}
