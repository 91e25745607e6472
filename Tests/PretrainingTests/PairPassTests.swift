import Backbones
import Gradients
import Layers
import Recipes
import Tensors
import Testing

@testable import Pretraining

/// A backward pass that leaves crops out is that of the others.
struct PairPassTests {
  private static let crops = 6

  private static func model() -> PretrainingModel {
    PretrainingModel(
      backbone: VisionTransformer(
        .init(image: Extent(height: 32, width: 16), patch: 8, width: 16, depth: 2, heads: 2),
        random: RandomStream(seed: 3)), embedding: 8, random: RandomStream(seed: 4))
  }

  private static var images: Tensor {
    var random = RandomStream(seed: 5)
    return random.normal(shape: [crops, 32, 16, 3], deviation: 1)
  }

  /// The gradient of every parameter of a loss that looks at some crops far more than at others.
  private static func gradients(
    leavingOut tolerance: Double, weights: [Float]
  ) -> (gradients: [String: Tensor], outcome: PairPass.Outcome?) {
    let model = model()
    let pass = PairPass(images, through: model, leavingOut: tolerance) {
      .training(random: RandomStream(seed: 6))
    }
    var random = RandomStream(seed: 7)
    let target = random.normal(shape: [crops, 8], deviation: 1).values
    let scaled = target.enumerated().map { $1 * weights[$0 / 8] }
    let loss = (pass.embeddings * Variable(Tensor(scaled, shape: [crops, 8]))).summed()
    let outcome = pass.backward(from: loss)
    let named = model.parameters.compactMap { entry in
      entry.parameter.gradient.map { (entry.path, $0) }
    }
    return (Dictionary(uniqueKeysWithValues: named), outcome)
  }

  /// The length of the difference of the backbones' gradients, as a share of the first one's length.
  private static func distance(_ a: [String: Tensor], _ b: [String: Tensor]) -> Double {
    var (difference, size) = (0.0, 0.0)
    for (path, gradient) in a where path.hasPrefix("backbone") {
      for (x, y) in zip(gradient.values, b[path]?.values ?? []) {
        difference += Double(x - y) * Double(x - y)
        size += Double(x) * Double(x)
      }
    }
    return (difference / size).squareRoot()
  }

  @Test func `nothing of weight left out gives the whole gradient`() throws {
    let weights: [Float] = [1, 2, 1, 1, 3, 1]
    let whole = Self.gradients(leavingOut: 0, weights: weights)
    #expect(whole.outcome == nil && whole.gradients.count > 20)
    let selective = Self.gradients(leavingOut: 1e-12, weights: weights)
    let outcome = try #require(selective.outcome)
    #expect(outcome.keptCrops == 1 && outcome.leftOutGradient == 0)
    #expect(selective.gradients.keys == whole.gradients.keys)
    #expect(Self.distance(whole.gradients, selective.gradients) < 1e-5)
  }

  @Test func `crops without a gradient take no part in the way back`() throws {
    let weights: [Float] = [1, 0, 0, 0, 2, 0]
    let whole = Self.gradients(leavingOut: 0, weights: weights)
    let some = Self.gradients(leavingOut: 1e-12, weights: weights)
    let outcome = try #require(some.outcome)
    #expect(outcome.keptCrops == 2.0 / 6 && outcome.leftOutGradient == 0)
    #expect(Self.distance(whole.gradients, some.gradients) < 1e-5)
  }

  @Test func `what is left out is the share that is told`() throws {
    let weights: [Float] = [1, 1e-2, 0, 1e-2, 2, 1e-2]
    let whole = Self.gradients(leavingOut: 0, weights: weights)
    let some = Self.gradients(leavingOut: 0.4, weights: weights)
    let kept = Self.gradients(leavingOut: 0, weights: [0, 0, 0, 0, 2, 0])
    let outcome = try #require(some.outcome)
    #expect(outcome.keptCrops == 1.0 / 6)
    #expect(outcome.leftOutGradient > 0.1 && outcome.leftOutGradient <= 0.4.squareRoot())
    #expect(Self.distance(kept.gradients, some.gradients) < 1e-5)
    #expect(Self.distance(whole.gradients, some.gradients) > 0.01)
    // The heads come before the choice.
    for (path, gradient) in whole.gradients where path.hasPrefix("heads") {
      #expect(gradient.values == some.gradients[path]?.values, "\(path)")
    }
  }

  @Test func `the smallest gradients go first, up to the share`() {
    #expect(PairPass.kept([4, 1, 0, 9, 1], leavingOut: 0) == [0, 1, 3, 4])
    #expect(PairPass.kept([4, 1, 0, 9, 1], leavingOut: 0.1) == [0, 3, 4])
    #expect(PairPass.kept([4, 1, 0, 9, 1], leavingOut: 0.14) == [0, 3])
    #expect(PairPass.kept([4, 1, 0, 9, 1], leavingOut: 0.5) == [3])
    #expect(PairPass.kept([0, 0], leavingOut: 0.5) == [])
  }

  @Test func `networks whose crops depend on each other are refused`() throws {
    var recipe = PretrainingRecipe()
    recipe.schedule.objective = .isr
    recipe.isr.selectiveBackward = 0.1
    let transformer = Self.model().backbone
    try PretrainingTrainer.check(recipe, backbone: transformer)
    #expect(throws: PretrainingError.self) {
      try PretrainingTrainer.check(recipe, backbone: FigureStore.model().backbone)
    }
    recipe.model.dropPath = 0.1
    #expect(throws: PretrainingError.self) {
      try PretrainingTrainer.check(recipe, backbone: transformer)
    }
  }
}
