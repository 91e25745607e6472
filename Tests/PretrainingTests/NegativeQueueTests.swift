import Layers
import Losses
import Metrics
import Optimizers
import Recipes
import Tensors
import Testing
import Training

@testable import Pretraining

/// The averaged network that matches, and the queue of earlier embeddings.
struct NegativeQueueTests {
  private func pair(_ crops: Int, video: Int, seconds: Double) -> FramePair {
    FramePair(
      first: Array(0..<crops), second: Array(0..<crops), gap: 0.5, video: video, seconds: seconds)
  }

  private func rows(_ count: Int, from first: Float) -> Tensor {
    Tensor((0..<count * 2).map { first + Float($0) }, shape: [count, 2])
  }

  @Test func `the oldest rows go first`() throws {
    var queue = NegativeQueue(capacity: 6, width: 2, walkSeconds: 5)
    let later = pair(2, video: 9, seconds: 0)
    #expect(queue.negatives(of: [later]) == nil && queue.tensors.isEmpty)
    queue.append(rows(4, from: 0), of: [pair(2, video: 1, seconds: 0)])
    queue.append(
      rows(4, from: 100), of: [pair(1, video: 2, seconds: 0), pair(1, video: 3, seconds: 0)])
    #expect(queue.count == 6)
    let past = try #require(queue.negatives(of: [later]))
    #expect(past.embeddings.values == [4, 5, 6, 7] + (100..<108).map { Float($0) })
  }

  @Test func `rows that may show the same persons repel nobody`() throws {
    var queue = NegativeQueue(capacity: 20, width: 2, walkSeconds: 5)
    queue.append(
      rows(6, from: 0),
      of: [
        pair(1, video: 1, seconds: 10), pair(1, video: 1, seconds: 30),
        pair(1, video: 2, seconds: 10),
      ])
    let past = try #require(
      queue.negatives(of: [
        pair(2, video: 1, seconds: 14), pair(2, video: 1, seconds: 4),
        pair(2, video: 3, seconds: 10),
      ]))
    #expect(
      past.repels == [
        [false, false, true, true, true, true], [true, true, true, true, true, true],
        [true, true, true, true, true, true],
      ])
  }

  @Test func `a queue goes on from what a checkpoint holds`() throws {
    var queue = NegativeQueue(capacity: 6, width: 2, walkSeconds: 5)
    let nothing = queue.tensors
    let isEmptyTaken = queue.restore(nothing)
    #expect(isEmptyTaken && queue.count == 0)
    // A time that single precision rounds: both must decide by the rounded one.
    queue.append(
      rows(4, from: 0), of: [FramePair(first: [0, 1], second: [2, 3], gap: 0.1, seconds: 7201.1)])
    var other = NegativeQueue(capacity: 6, width: 2, walkSeconds: 5)
    let isTaken = other.restore(queue.tensors)
    #expect(isTaken)
    let near = [
      pair(1, video: 0, seconds: 7206.19995), pair(1, video: 0, seconds: 7206.2000001),
      pair(1, video: 0, seconds: 7206.2004),
    ]
    #expect(other.negatives(of: near)?.repels == queue.negatives(of: near)?.repels)
    #expect(other.tensors == queue.tensors)
    var narrow = NegativeQueue(capacity: 6, width: 3, walkSeconds: 5)
    var small = NegativeQueue(capacity: 3, width: 2, walkSeconds: 5)
    let isNarrowTaken = narrow.restore(queue.tensors)
    #expect(!isNarrowTaken)
    let isSmallTaken = small.restore(queue.tensors)
    #expect(!isSmallTaken)
    let isHalfTaken = other.restore(["embeddings": rows(2, from: 0)])
    #expect(!isHalfTaken)
  }

  @Test func `without them nothing changes, with them the weights do`() throws {
    let store = try FigureStore(videos: 3)
    var recipe = FigureStore.recipe
    recipe.isr.walkSeconds = 0
    recipe.isr.steps = 4
    func trained(_ change: (inout PretrainingRecipe) -> Void) throws -> PretrainingTrainer {
      var recipe = recipe
      change(&recipe)
      let trainer = try store.trainer(recipe)
      try trainer.run()
      return trainer
    }
    let plain = try trained { _ in }
    #expect(plain.teacher == nil && plain.queue == nil)
    let queued = try trained { $0.isr.negativeQueue = 20 }
    #expect(queued.queue?.count == 20)
    #expect(queued.weights != plain.weights)
    // An average that keeps nothing of the past is the network itself.
    let forgetful = try trained { $0.isr.matchTeacher = 1e-30 }
    #expect(forgetful.weights == plain.weights)
    let taught = try trained { $0.isr.matchTeacher = 0.5 }
    let teacher = try #require(taught.teacher?.values)
    #expect(teacher["backbone.conv1.weight"] != taught.weights["backbone.conv1.weight"])
  }

  @Test func `pairs are matched by the averaged weights`() throws {
    // Many persons, so that untrained networks pair some of them differently.
    let store = try FigureStore(persons: 14)
    var recipe = FigureStore.recipe
    recipe.isr.steps = 5
    for view in ISRSettings.MatchView.allCases {
      recipe.isr.matchView = view
      var plain = recipe
      plain.isr.matchTeacher = 0.0
      recipe.isr.matchTeacher = 0.9
      // Two networks that agree in what learns and differ in what matches.
      let (learner, taught) = (try store.trainer(plain), try store.trainer(recipe))
      let other = FigureStore.model(seed: 5)
      var weights: [String: Tensor] = [:]
      for (path, parameter) in other.parameters { weights[path] = parameter.value }
      taught.teacher?.restore(weights)
      let (a, b) = (try learner.advance(), try taught.advance())
      #expect(a.values["frameSimilarity"] == b.values["frameSimilarity"], "\(view)")
      #expect(a.values["similarity"] != b.values["similarity"], "\(view)")
    }
  }

  @Test func `masked patches keep neither`() throws {
    let store = try FigureStore()
    var recipe = FigureStore.recipe
    recipe.schedule.objective = .both
    recipe.isr.negativeQueue = 8
    recipe.isr.matchTeacher = 0.9
    let trainer = try store.trainer(recipe)
    try trainer.run(until: 2)
    #expect(trainer.queue == nil && trainer.teacher == nil)
    try trainer.run(until: 3)
    // The first step of pairs begins with the weights that masked patches left.
    #expect(trainer.queue?.count == 0)
    #expect(
      trainer.teacher?.values["backbone.conv1.weight"] == trainer.weights["backbone.conv1.weight"])
  }
}
