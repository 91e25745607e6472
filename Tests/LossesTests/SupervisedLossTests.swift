import Foundation
import Gradients
import Storage
import Tensors
import Testing

@testable import Losses

/// The losses of labelled pictures against PyTorch forms of their published code.
@Suite struct SupervisedLossTests {
  private let file: SafetensorsFile
  private let persons = [0, 0, 0, 1, 1, 2, 2, 2]
  private let classes = [2, 0, 1, 3]

  init() throws {
    let url = Bundle.module.url(
      forResource: "supervised", withExtension: "safetensors", subdirectory: "Goldens")
    file = try SafetensorsFile(contentsOf: try #require(url))
  }

  private func recorded(_ name: String) throws -> Tensor {
    Tensor(try file.floats(name), shape: try #require(file[name]).shape)
  }

  /// Compares value and gradients of a loss with the recorded ones.
  private func check(
    _ name: String, inputs: [String], tolerance: Float = 2e-5, loss: ([Variable]) -> Variable
  ) throws {
    let tape = Tape()
    let leaves = try inputs.map { tape.leaf(try recorded("\(name).\($0)")) }
    let value = loss(leaves)
    tape.backward(from: value)
    let expected = try recorded("\(name).loss").scalar
    #expect(
      abs(value.value.scalar - expected) <= tolerance * max(abs(expected), 1),
      "\(name): \(value.value.scalar), not \(expected)")
    for (leaf, input) in zip(leaves, inputs) {
      let wanted = try recorded("\(name).\(input).gradient").values
      let found = try #require(tape.gradient(of: leaf)).values
      let size = wanted.reduce(1e-6) { max($0, abs($1)) }
      let error = zip(found, wanted).reduce(0) { max($0, abs($1.0 - $1.1)) }
      #expect(error <= tolerance * size, "\(name), gradient of \(input): off by \(error / size)")
    }
  }

  @Test func `triplets with a margin`() throws {
    try check("triplet.hard", inputs: ["features"]) {
      TripletLoss(margin: 0.3)($0[0], persons: persons).loss
    }
  }

  @Test func `soft triplets`() throws {
    try check("triplet.soft", inputs: ["features"]) {
      TripletLoss(margin: nil)($0[0], persons: persons).loss
    }
  }

  @Test func `the share of separated anchors is counted`() {
    let features = Tensor([0, 0, 1, 0, 5, 0, 6, 0], shape: [4, 2])
    #expect(TripletLoss()(Variable(features), persons: [1, 1, 2, 2]).separated == 1)
    #expect(TripletLoss()(Variable(features), persons: [1, 2, 1, 2]).separated == 0)
  }

  @Test func `equal features give a finite loss and no gradient`() throws {
    let tape = Tape()
    let leaf = tape.leaf(Tensor(repeating: 1, shape: [4, 3]))
    let loss = TripletLoss()(leaf, persons: [1, 1, 2, 2]).loss
    tape.backward(from: loss)
    #expect(abs(loss.value.scalar - 0.3) < 1e-6)
    #expect(try #require(tape.gradient(of: leaf)).summedSquares() == 0)
  }

  @Test func `circle loss of pairs`() throws {
    try check("circle", inputs: ["features"], tolerance: 1e-4) {
      CircleLoss(margin: 0.25, scale: 32)($0[0], persons: persons)
    }
  }

  @Test func `an anchor without a partner adds nothing to the circle loss`() {
    let features = Tensor([1, 0, 0, 1], shape: [2, 2])
    #expect(CircleLoss()(Variable(features), persons: [1, 2]).value.scalar == 0)
  }

  @Test func `centre loss`() throws {
    try check("centre", inputs: ["features", "centres"]) {
      CentreLoss()($0[0], centres: $0[1], classes: persons)
    }
  }

  @Test(arguments: [
    ("cosine", MarginSoftmax(.cosine(0.4), scale: 16)),
    ("angle.exact", MarginSoftmax(.angle(0.5), scale: 16, marginGradient: .exact)),
    ("angle.straight", MarginSoftmax(.angle(0.5), scale: 16)),
    ("adaptive.exact", MarginSoftmax(.adaptive(0.4), scale: 16, marginGradient: .exact)),
    ("circle", MarginSoftmax(.circle(0.35), scale: 16)),
  ])
  func `margin softmax`(_ name: String, _ loss: MarginSoftmax) throws {
    try check("margin.\(name)", inputs: ["cosines"], tolerance: 1e-4) {
      loss($0[0], classes: classes, qualities: [-1, -0.25, 0.5, 1])
    }
  }

  /// Worked through by hand: two pictures, three classes, scale 8.
  @Test func `margins have the values of the worked examples`() {
    let cosines = Variable(Tensor([0.5, 0.1, -0.2, 0.3, 0.7, 0], shape: [2, 3]))
    func value(_ margin: MarginSoftmax.Margin, _ qualities: [Float]? = nil) -> Float {
      MarginSoftmax(margin, scale: 8)(cosines, classes: [0, 1], qualities: qualities).value.scalar
    }
    #expect(abs(value(.cosine(0.4)) - 0.73750753) < 1e-6)
    #expect(abs(value(.angle(0.5)) - 0.98140623) < 1e-6)
    var warm = FeatureNormQuality(mean: 20, deviation: 4, momentum: 0)
    let qualities = warm.update(with: [15, 25])
    #expect(abs(qualities[0] + 0.41614597) < 1e-6 && abs(qualities[1] - 0.41614597) < 1e-6)
    #expect(abs(value(.adaptive(0.4), qualities) - 0.83880312) < 1e-6)
    var cold = FeatureNormQuality()
    let first = cold.update(with: [15, 25])
    #expect(abs(cold.deviation - 99.07071068) < 1e-4 && abs(first[1] - 0.01680601) < 1e-6)
    #expect(abs(value(.adaptive(0.4), first) - 0.73971287) < 1e-6)
  }

  @Test func `margins have the target scores and gradients of the worked examples`() {
    let values: [Float] = [0.5, 0.1, -0.2, 0.3, 0.7, 0]
    func gradient(_ margin: MarginSoftmax) -> [Float] {
      let tape = Tape()
      let cosines = tape.leaf(Tensor(values, shape: [2, 3]))
      tape.backward(from: margin(cosines, classes: [0, 1]))
      return tape.gradient(of: cosines)?.values ?? []
    }
    func isClose(_ found: some Sequence<Float>, _ expected: [Float], _ size: Float) -> Bool {
      zip(found, expected).allSatisfy { abs($0 - $1) < size }
    }
    let cosine = gradient(MarginSoftmax(.cosine(0.4), scale: 8))
    #expect(isClose(cosine.prefix(3), [-2.086_781_63, 1.913_218_37, 0.173_563_25], 1e-5))
    let angle = MarginSoftmax(.angle(0.5), scale: 8, marginGradient: .exact)
    let scores = [(0.5, 0.188_773), (0.7, 2.175_436)].map {
      (angle.score($0, isTrue: true, quality: 0).logit, $1)
    }
    #expect(scores.allSatisfy { abs($0 - $1) < 1e-6 })
    #expect(
      isClose(
        gradient(angle), [-3.08338, 2.44888, 0.22216, 2.11687, -3.11129, 0.19204], 1e-5))
    #expect(
      isClose(
        gradient(MarginSoftmax(.angle(0.5), scale: 8)),
        [-2.67103, 2.44888, 0.22216, 2.11687, -2.30891, 0.19204], 1e-5))
    let adaptive = MarginSoftmax(.adaptive(0.4), scale: 8)
    let lengths = [(0.5, -0.416_145_97, 0.928_439), (0.7, 0.416_145_97, 1.937_543)]
    for (value, quality, expected) in lengths {
      let found = adaptive.score(value, isTrue: true, quality: quality).logit
      #expect(abs(found - expected) < 1e-6, "\(found)")
    }
  }

  @Test func `margin softmax passes finite differences where the gradient is exact`() throws {
    let cosines = try recorded("margin.cosine.cosines")
    for margin in [MarginSoftmax.Margin.none, .cosine(0.4), .angle(0.3)] {
      let loss = MarginSoftmax(margin, scale: 4, marginGradient: .exact)
      let error = GradientCheck.largestError(at: [cosines], step: 1e-3) {
        loss($0[0], classes: classes, smoothing: 0.1)
      }
      #expect(error < 5e-3, "\(margin): \(error)")
    }
  }

  @Test(arguments: RestorationLoss.allCases)
  func `restoration losses`(_ loss: RestorationLoss) throws {
    let target = try recorded("restoration.\(loss.rawValue).target")
    try check("restoration.\(loss.rawValue)", inputs: ["prediction"], tolerance: 1e-4) {
      loss($0[0], target: target)
    }
  }

  @Test func `cross-entropy with smoothed labels`() throws {
    try check("smoothed", inputs: ["scores"]) {
      $0[0].crossEntropy(labels: classes, smoothing: 0.1)
    }
  }
}
