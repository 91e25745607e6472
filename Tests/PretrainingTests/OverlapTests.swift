import Backbones
import Datasets
import Foundation
import Recipes
import Synchronization
import Tensors
import Testing
import Training

@testable import Pretraining

/// Training beside the reading of footage: what a step sees does not depend on how fast it is read.
struct OverlapTests {
  /// Sees one frame more with every step, and everything from step 6 on.
  private func recipe(_ objective: ScheduleSettings.Objective) -> PretrainingRecipe {
    var recipe = FigureStore.recipe
    recipe.schedule.objective = objective
    recipe.schedule.overlap = 0.75
    recipe.schedule.headFrames = 3
    recipe.schedule.framesPerStep = 1
    recipe.simmim.steps = 8
    recipe.isr.steps = 8
    return recipe
  }

  /// Hands the frames of a complete store out one by one, `pause` seconds apart.
  private func feed(_ store: CropStore, pause: Double, failure: (any Error)? = nil) -> CropFeed {
    let feed = CropFeed(empty: store)
    let frames = store.frames()
    Thread {
      for frame in frames {
        Thread.sleep(forTimeInterval: pause)
        feed.append([frame])
      }
      if let failure { feed.fail(failure) } else { feed.finish() }
    }.start()
    return feed
  }

  private func trainer(_ feed: CropFeed, _ recipe: PretrainingRecipe) throws -> PretrainingTrainer {
    try PretrainingTrainer(
      recipe: recipe, source: CropSource(feed), model: FigureStore.model(),
      preprocessing: .imageNet)
  }

  @Test(arguments: [ScheduleSettings.Objective.isr, .simmim, .both])
  func `the weights are those of a run after the reading`(
    _ objective: ScheduleSettings.Objective
  ) throws {
    let figures = try FigureStore(videos: 2, frames: 8, persons: 3)
    let recipe = recipe(objective)
    let store = figures.source.store
    let straight = try trainer(CropFeed(complete: store), recipe)
    let expected = try straight.run()
    for pause in [0, 0.004] {
      let slow = try trainer(feed(store, pause: pause), recipe)
      let reports = try slow.run()
      #expect(slow.weights == straight.weights, "a frame every \(pause) s")
      #expect(reports.map(\.values) == expected.map(\.values))
      #expect(reports.allSatisfy { $0.waitedForFootage <= $0.waited })
    }
    // Resumed in the middle of the reading, and read anew.
    let folder = CheckpointFolder(figures.folder.appendingPathComponent("run"))
    let first = try trainer(feed(store, pause: 0.002), recipe)
    try first.run(until: 3)
    try first.save(
      to: folder, configuration: FigureStore.configuration, state: PretrainingState(threads: 1))
    let second = try trainer(feed(store, pause: 0.002), recipe)
    _ = try second.restore(from: folder)
    try second.run()
    #expect(second.weights == straight.weights)
  }

  @Test func `early steps see the beginning alone, later ones all`() throws {
    let figures = try FigureStore(videos: 1, frames: 12, persons: 3)
    let recipe = recipe(.isr)
    let rule = FootageRule(recipe: recipe, firstStage: recipe.isr.steps)
    #expect(rule == FootageRule(headFrames: 3, framesPerStep: 1, completeStep: 6))
    let maker = BatchMaker(
      source: figures.source, recipe: recipe, extent: FigureStore.extent,
      preprocessing: .imageNet, random: RandomStream(seed: 1))
    var latest: Set<Int> = []
    for step in 0..<8 {
      try maker.reveal(rule.frames(at: step))
      let visible = step < 6 ? 3 * (3 + step) : 36
      #expect(maker.crops == visible && maker.pairableFrames == visible / 3)
      for attempt in 0..<20 {
        let crops = try maker.pairedBatch(step: 100 * step + attempt, progress: 1).crops
        #expect(crops.allSatisfy { $0 < visible })
        if step == 7 { latest.formUnion(crops) }
      }
    }
    #expect(latest.contains { $0 >= 27 })
    // Going back hides what was seen, and forward again gives the same batch.
    let ahead = try maker.pairedBatch(step: 7, progress: 1).images
    try maker.reveal(rule.frames(at: 0))
    #expect(maker.crops == 9)
    try maker.reveal(rule.frames(at: 7))
    #expect(try maker.pairedBatch(step: 7, progress: 1).images == ahead)
  }

  @Test func `masked steps before the end draw from what is there`() throws {
    let figures = try FigureStore(videos: 1, frames: 12, persons: 2)
    let recipe = recipe(.simmim)
    let maker = BatchMaker(
      source: figures.source, recipe: recipe, extent: FigureStore.extent,
      preprocessing: .imageNet, random: RandomStream(seed: 1))
    try maker.reveal(1)
    #expect(maker.crops == 2)
    #expect(try maker.maskedBatch(step: 0).masks.count == 2)
    try maker.reveal(4)
    #expect(try maker.maskedBatch(step: 1).masks.count == 4)
  }

  @Test func `the head goes on until there is a pair`() throws {
    let figures = try FigureStore(videos: 1, frames: 8, persons: 3)
    var recipe = recipe(.isr)
    recipe.schedule.headFrames = 1
    // Frames are a tenth of a second apart; the first partner is four frames away.
    recipe.isr.gapMinimum = 0.4
    recipe.isr.gapMaximumStart = 0.5
    let maker = BatchMaker(
      source: figures.source, recipe: recipe, extent: FigureStore.extent,
      preprocessing: .imageNet, random: RandomStream(seed: 1))
    try maker.reveal(1)
    #expect(maker.hasPairs && maker.pairableFrames == 8)
  }

  @Test func `footage without pairs and footage that breaks off are told`() throws {
    let single = try FigureStore(videos: 1, frames: 8, persons: 1)
    let none = #expect(throws: PretrainingError.self) {
      try trainer(feed(single.source.store, pause: 0), recipe(.isr))
    }
    #expect(none.map { "\($0)".contains("--objective simmim") } == true)
    let figures = try FigureStore(videos: 1, frames: 5, persons: 3)
    let broken = try trainer(
      feed(figures.source.store, pause: 0, failure: CancellationError()), recipe(.isr))
    let before = try broken.run(until: 2).count
    #expect(before == 2)
    #expect(throws: CancellationError.self) { try broken.run() }
    #expect(broken.step == 3)
  }

  @Test func `every beginning of the reading order is spread over the list`() {
    #expect(Array(SpreadOrder(count: 8)) == [0, 4, 2, 6, 1, 5, 3, 7])
    #expect(Array(SpreadOrder(count: 3)) == [0, 2, 1])
    for count in [0, 1, 2, 5, 100, 1000] {
      let order = Array(SpreadOrder(count: count))
      #expect(order.sorted() == Array(0..<count))
      guard count == 1000 else { continue }
      for beginning in [10, 30, 100, 300] {
        let tenths = Dictionary(grouping: order.prefix(beginning)) { $0 / 100 }
        #expect(tenths.count == 10 || beginning < 16)
      }
    }
  }
}
