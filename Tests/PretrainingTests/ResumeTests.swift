import Foundation
import Layers
import Optimizers
import Recipes
import Tensors
import Testing
import Training

@testable import Pretraining

/// A run that is cut off and resumed ends with the bits of a run that was not.
struct ResumeTests {
  struct Plan: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let objective: ScheduleSettings.Objective
    var order = ScheduleSettings.Order.staged
    var average = 0.0
    var accumulation = 1
    let stops: [Int]

    var recipe: PretrainingRecipe {
      var recipe = FigureStore.recipe
      recipe.schedule.objective = objective
      recipe.schedule.order = order
      recipe.optimizer.exponentialMovingAverage = average
      recipe.optimizer.gradientAccumulation = accumulation
      return recipe
    }
  }

  static let plans = [
    Plan(testDescription: "pairs alone", objective: .isr, stops: [1]),
    Plan(
      testDescription: "staged, with average and accumulation", objective: .both, average: 0.9,
      accumulation: 2, stops: [2, 3, 5]),
    Plan(
      testDescription: "joint, with average and accumulation", objective: .both, order: .joint,
      average: 0.9, accumulation: 2, stops: [1]),
  ]

  @Test(arguments: plans)
  func `a resumed run ends with the same bits`(_ plan: Plan) throws {
    let store = try FigureStore()
    let straight = try store.trainer(plan.recipe)
    let reports = try straight.run()
    #expect(reports.count == straight.plan.totalSteps)
    let again = try store.trainer(plan.recipe)
    try again.run()
    #expect(again.weights == straight.weights)

    for stop in plan.stops {
      let folder = CheckpointFolder(store.folder.appendingPathComponent("run-\(stop)"))
      let first = try store.trainer(plan.recipe)
      try first.run(until: stop)
      try first.save(
        to: folder, configuration: FigureStore.configuration,
        state: PretrainingState(images: 12, threads: 1))
      // Weights of another seed: everything must come from the checkpoint.
      let second = try store.trainer(plan.recipe, model: FigureStore.model(seed: 99))
      let state = try second.restore(from: folder)
      #expect(state.step == stop && state.images == 12)
      let later = try second.run()
      #expect(second.weights == straight.weights, "stopped at \(stop)")
      #expect(second.average?.values == straight.average?.values, "stopped at \(stop)")
      #expect(later.map(\.values) == reports[stop...].map(\.values))
    }
  }

  @Test func `a finished run can be opened again`() throws {
    let store = try FigureStore()
    let trainer = try store.trainer(FigureStore.recipe)
    try trainer.run()
    let folder = CheckpointFolder(store.folder.appendingPathComponent("run"))
    try trainer.save(
      to: folder, configuration: FigureStore.configuration, state: PretrainingState(threads: 1))
    let opened = try store.trainer(FigureStore.recipe, model: FigureStore.model(seed: 2))
    _ = try opened.restore(from: folder)
    #expect(opened.isFinished)
    #expect(opened.weights == trainer.weights)
  }

  @Test func `a trainer that goes back repeats its steps`() throws {
    let store = try FigureStore()
    let trainer = try store.trainer(FigureStore.recipe)
    let folder = CheckpointFolder(store.folder.appendingPathComponent("run"))
    try trainer.run(until: 1)
    try trainer.save(
      to: folder, configuration: FigureStore.configuration, state: PretrainingState(threads: 1))
    try trainer.run()
    let weights = trainer.weights
    // What a failed step may have left behind.
    trainer.model.parameters[0].parameter.gradient = Tensor(
      repeating: 1, shape: trainer.model.parameters[0].parameter.value.shape)
    _ = try trainer.restore(from: folder)
    try trainer.run()
    #expect(trainer.weights == weights)
  }

  @Test func `the averaged weights are what is written as the best model`() throws {
    let store = try FigureStore()
    var recipe = FigureStore.recipe
    recipe.optimizer.exponentialMovingAverage = 0.5
    let trainer = try store.trainer(recipe)
    try trainer.run()
    let url = store.folder.appendingPathComponent("best")
    try trainer.writeBest(to: url, configuration: FigureStore.configuration)
    let average = try #require(trainer.average?.values)
    #expect(average["backbone.conv1.weight"] != trainer.weights["backbone.conv1.weight"])
    let seen = trainer.withBestWeights { trainer.weights["backbone.conv1.weight"] }
    #expect(seen == average["backbone.conv1.weight"])
    for name in ["config.json", "model.safetensors", "heads.safetensors"] {
      #expect(FileManager.default.fileExists(atPath: url.appendingPathComponent(name).path))
    }
  }

  @Test func `checkpoints of other runs and damaged ones are refused`() throws {
    let store = try FigureStore()
    let trainer = try store.trainer(FigureStore.recipe)
    let folder = CheckpointFolder(store.folder.appendingPathComponent("run"))
    let missing = #expect(throws: CheckpointError.self) { try trainer.restore(from: folder) }
    #expect(missing.map { "\($0)".contains("nothing to resume") } == true)
    try trainer.save(
      to: folder, configuration: FigureStore.configuration, state: PretrainingState(threads: 1))
    var longer = FigureStore.recipe
    longer.isr.steps = 9
    let other = try store.trainer(longer)
    let changed = #expect(throws: PretrainingError.self) { try other.restore(from: folder) }
    #expect(changed.map { "\($0)".contains("a run of 3 steps, but this one has 9") } == true)
    let seal = folder.url.appendingPathComponent(CheckpointFolder.seal)
    try Data("{".utf8).write(to: seal)
    let damaged = #expect(throws: CheckpointError.self) { try trainer.restore(from: folder) }
    #expect(damaged.map { "\($0)".contains("cannot be used") } == true)
  }
}
