import Foundation
import Gradients
import Layers
import Recipes
import Tasks
import Tensors
import Testing
import Training

@Suite struct IdentityHeadTests {
  private func shape(
    _ width: Int, _ classes: Int, shortest: Int = 1, dimension: Int = 2, rate: Float = 0.01
  ) -> IdentityHeadShape {
    IdentityHeadShape(
      width: width, classes: classes, deviation: 0.1, shortest: shortest, dimension: dimension,
      rate: rate)
  }

  static let names = IdentityHeadCatalog.all.map { $0.name }

  @Test func `names are different and unknown ones are told`() throws {
    #expect(Set(Self.names).count == Self.names.count)
    #expect {
      _ = try IdentityHeadCatalog.type(named: "round")
    } throws: { "\($0)".contains("nested") && "\($0)".contains("round") }
  }

  @Test(arguments: names)
  func `scores of some classes are those of all`(_ name: String) throws {
    let type = try IdentityHeadCatalog.type(named: name)
    let head = type.init(shape(8, 5), random: RandomStream(seed: 1))
    var random = RandomStream(seed: 2)
    let vectors = Variable(random.normal(shape: [3, 8], deviation: 1))
    for asCosines in [false, true] {
      let all = head.scores(of: vectors, classes: nil, asCosines: asCosines, in: .inference())
      let some = head.scores(of: vectors, classes: [4, 1], asCosines: asCosines, in: .inference())
      #expect(all.count == some.count && all.count == head.lengths.count)
      #expect(head.lengths.last == 8)
      for (whole, part) in zip(all, some) {
        #expect(whole.shape == [3, 5] && part.shape == [3, 2])
        let (a, b) = (whole.value.values, part.value.values)
        for row in 0..<3 {
          #expect(abs(a[row * 5 + 4] - b[row * 2]) < 1e-6)
          #expect(abs(a[row * 5 + 1] - b[row * 2 + 1]) < 1e-6)
        }
        if asCosines { #expect(a.allSatisfy { abs($0) < 1 + 1e-5 }) }
      }
    }
  }

  @Test(arguments: names)
  func `gradients pass finite differences`(_ name: String) throws {
    let type = try IdentityHeadCatalog.type(named: name)
    let head = type.init(shape(6, 4), random: RandomStream(seed: 3))
    var random = RandomStream(seed: 4)
    let vectors = random.normal(shape: [3, 6], deviation: 1)
    for asCosines in [false, true] {
      let error = GradientCheck.largestError(at: [vectors]) { inputs in
        let scores = head.scores(
          of: inputs[0], classes: nil, asCosines: asCosines, in: .inference())
        return scores.dropFirst().reduce(scores[0].summed()) { $0 + ($1 * $1).summed() }
      }
      #expect(error < 1e-2, "\(name): \(error)")
    }
  }

  @Test func `nested scores equal the published numbers`() {
    // The golden values of three lengths: 1.47330, 1.22069 and 1.04128.
    let head = NestedHead(shape(4, 3), random: RandomStream(seed: 0))
    head.start(
      from: Tensor(
        [0.1, 0.2, 0.3, 0.4, -0.2, 0.1, 0, 0.3, 0.5, -0.4, 0.2, 0.1], shape: [3, 4]))
    #expect(head.lengths == [1, 2, 4])
    let vectors = Variable(Tensor([1, 2, -1, 0.5], shape: [1, 4]))
    let losses = head.scores(of: vectors, classes: nil, asCosines: false, in: .inference()).map {
      $0.crossEntropy(labels: [1]).value.scalar
    }
    for (loss, expected) in zip(losses, [1.47330, 1.22069, 1.04128] as [Float]) {
      #expect(abs(loss - expected) < 1e-5, "\(loss), not \(expected)")
    }
    #expect(abs(losses.reduce(0, +) - 3.73527) < 2e-5)
    #expect(NestedHead.lengths(of: 768, shortest: 8) == [12, 24, 48, 96, 192, 384, 768])
    #expect(NestedHead.lengths(of: 512, shortest: 8) == [8, 16, 32, 64, 128, 256, 512])
    #expect(NestedHead.lengths(of: 15, shortest: 8) == [15])
  }

  @Test func `subspace scores and their step equal the published numbers`() throws {
    // S₁ = {e₁, e₂}, S₂ = {(0, .6, .8), e₁}, x = (1, 2, 2).
    let head = SubspaceHead(shape(3, 2, rate: 0.01), random: RandomStream(seed: 0))
    head.bases.value = Tensor(
      [1, 0, 0, 0, 1, 0, 0, 0.6, 0.8, 1, 0, 0], shape: [4, 3])
    func loss(_ context: ForwardContext) -> Variable {
      let scores = head.scores(
        of: Variable(Tensor([1, 2, 2], shape: [1, 3])), classes: nil, asCosines: false, in: context)
      return scores[0].crossEntropy(labels: [1])
    }
    let scores = head.scores(
      of: Variable(Tensor([1, 2, 2], shape: [1, 3])), classes: nil, asCosines: false,
      in: .inference())[0].value.values
    #expect(abs(scores[0] - 18.6338998) < 1e-4 && abs(scores[1] - 24.7767812) < 1e-4)
    let context = ForwardContext.training(random: RandomStream(seed: 0))
    let before = loss(context)
    #expect(abs(before.value.scalar - 0.00214642) < 2e-6)
    context.backward(from: before)
    head.moveOwnParameters(share: 1)
    #expect(head.bases.gradient == nil)
    #expect(abs(loss(.inference()).value.scalar - 0.00213318) < 2e-6)
  }

  @Test func `bases stay orthonormal, and a turned basis gives the same scores`() {
    let head = SubspaceHead(shape(7, 3, dimension: 3, rate: 0.5), random: RandomStream(seed: 5))
    var random = RandomStream(seed: 6)
    for _ in 0..<200 {
      head.bases.gradient = random.normal(shape: [9, 7], deviation: 1)
      head.moveOwnParameters(share: 1)
    }
    let rows = head.bases.value.values
    func dot(_ a: Int, _ b: Int) -> Float {
      (0..<7).reduce(0) { $0 + rows[a * 7 + $1] * rows[b * 7 + $1] }
    }
    for start in [0, 3, 6] {
      for a in 0..<3 {
        for b in 0..<3 {
          #expect(abs(dot(start + a, start + b) - (a == b ? 1 : 0)) < 1e-5)
        }
      }
    }
    let vectors = Variable(random.normal(shape: [4, 7], deviation: 1))
    let before = head.scores(of: vectors, classes: nil, asCosines: true, in: .inference())[0].value
    var turned = rows
    for column in 0..<7 {
      let (a, b) = (rows[column], rows[7 + column])
      turned[column] = 0.6 * a - 0.8 * b
      turned[7 + column] = 0.8 * a + 0.6 * b
    }
    head.bases.value = Tensor(turned, shape: [9, 7])
    let after = head.scores(of: vectors, classes: nil, asCosines: true, in: .inference())[0].value
    #expect(zip(before.values, after.values).allSatisfy { abs($0 - $1) < 1e-5 })
  }

  @Test func `one dimension is the size of a cosine`() {
    let head = SubspaceHead(shape(5, 3, dimension: 1), random: RandomStream(seed: 7))
    let linear = LinearHead(shape(5, 3), random: RandomStream(seed: 8))
    linear.start(from: head.bases.value)
    var random = RandomStream(seed: 9)
    let vectors = Variable(random.normal(shape: [4, 5], deviation: 1))
    let lengths = head.scores(of: vectors, classes: nil, asCosines: true, in: .inference())[0].value
    let cosines = linear.scores(of: vectors, classes: nil, asCosines: true, in: .inference())[0]
      .value
    #expect(zip(lengths.values, cosines.values).allSatisfy { abs($0 - abs($1)) < 1e-5 })
  }

  @Test func `centres move by plain gradient descent`() throws {
    let head = try ReIDHead(
      .init(width: 2, classes: 2, hasCentres: true), random: RandomStream(seed: 1))
    let centres = try #require(head.parameters.first { $0.path == "centres" }?.parameter)
    centres.value = Tensor([1, 1, 5, 5], shape: [2, 2])
    // A loss of weight 0.01 has the gradient 0.01 · (2, 4) at the first centre.
    centres.gradient = Tensor([0.02, 0.04, 0, 0], shape: [2, 2])
    head.moveOwnParameters(share: 0.1, centreRate: 0.5, centreWeight: 0.01)
    #expect(zip(centres.value.values, [0, -1, 5, 5]).allSatisfy { abs($0 - $1) < 1e-5 })
    #expect(centres.gradient == nil)
  }

  @Test func `the optimizer leaves own parameters alone`() throws {
    let people = try ColouredPeople()
    defer { people.remove() }
    var recipe = ColouredPeople.recipe
    recipe.head.kind = "subspace"
    recipe.head.dimension = 2
    recipe.head.rate = 0
    let trainer = try people.trainer(recipe)
    let own = trainer.task.ownParameters.map(\.value.values)
    try trainer.run()
    let after = trainer.task.ownParameters.map(\.value.values)
    for (one, other) in zip(own, after) {
      #expect(zip(one, other).allSatisfy { abs($0 - $1) < 1e-5 })
    }
  }
}
