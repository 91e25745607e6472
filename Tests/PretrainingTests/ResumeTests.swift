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
    var matchTeacher = 0.0
    var negativeQueue = 0
    let stops: [Int]

    var recipe: PretrainingRecipe {
      var recipe = FigureStore.recipe
      recipe.schedule.objective = objective
      recipe.schedule.order = order
      recipe.optimizer.exponentialMovingAverage = average
      recipe.optimizer.gradientAccumulation = accumulation
      recipe.isr.matchTeacher = matchTeacher
      recipe.isr.negativeQueue = negativeQueue
      // The videos are shorter than a walk: with it no earlier crop would count.
      if negativeQueue > 0 { recipe.isr.walkSeconds = 0 }
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
    Plan(
      testDescription: "staged, with teacher and queue", objective: .both, matchTeacher: 0.5,
      negativeQueue: 20, stops: [2, 3, 4, 5]),
    Plan(
      testDescription: "joint, with teacher and queue", objective: .both, order: .joint,
      matchTeacher: 0.5, negativeQueue: 20, stops: [2]),
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
      #expect(second.teacher?.values == straight.teacher?.values, "stopped at \(stop)")
      #expect(second.queue?.tensors == straight.queue?.tensors, "stopped at \(stop)")
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

  @Test func `a longer plan continues a run, finished stages stay`() throws {
    let store = try FigureStore()
    var recipe = FigureStore.recipe
    recipe.schedule.objective = .both
    let trainer = try store.trainer(recipe)
    try trainer.run()
    let folder = CheckpointFolder(store.folder.appendingPathComponent("run"))
    try trainer.save(
      to: folder, configuration: FigureStore.configuration, state: PretrainingState(threads: 1))
    let state = try #require(try PretrainingState(of: folder))
    #expect(state.step == 6 && state.stageStart == 3)
    recipe.isr.steps = 5
    let longer = try store.trainer(recipe, model: FigureStore.model(seed: 9))
    _ = try longer.restore(from: folder)
    #expect(!longer.isFinished && longer.step == 6)
    let reports = try longer.run()
    #expect(reports.map(\.step) == [6, 7] && reports.allSatisfy { $0.objective == .isr })
    // The rate is that of a stage of five steps.
    let straight = try store.trainer(recipe)
    let rates = try straight.run().suffix(2).map { $0.values["rate"] }
    #expect(reports.map { $0.values["rate"] } == rates)
    recipe.simmim.steps = 4
    let moved = #expect(throws: PretrainingError.self) {
      try store.trainer(recipe).restore(from: folder)
    }
    #expect(moved.map { "\($0)".contains("other stages") } == true)
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
    try trainer.run()
    try trainer.save(
      to: folder, configuration: FigureStore.configuration, state: PretrainingState(threads: 1))
    var shorter = FigureStore.recipe
    shorter.isr.steps = 2
    let short = #expect(throws: PretrainingError.self) {
      try store.trainer(shorter).restore(from: folder)
    }
    #expect(short.map { "\($0)".contains("has done 3 steps") } == true)
    let seal = folder.url.appendingPathComponent(CheckpointFolder.seal)
    try Data("{".utf8).write(to: seal)
    let damaged = #expect(throws: CheckpointError.self) { try trainer.restore(from: folder) }
    #expect(damaged.map { "\($0)".contains("cannot be used") } == true)
  }
}
