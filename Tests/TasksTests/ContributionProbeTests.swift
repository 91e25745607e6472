import Adapters
import Backbones
import Datasets
import Foundation
import Gradients
import Images
import Layers
import Optimizers
import Recipes
import Tensors
import Testing
import Training

@testable import Tasks

/// The first phase of an adapter that divides a budget by contribution.
@Suite struct ContributionProbeTests {
  private func recipe(_ settings: [String: String]) -> ReIDRecipe {
    var recipe = ColouredPeople.recipe
    recipe.tuning.method = "colora"
    recipe.tuning.adapter = settings.merging(["budget": "0.2"]) { $1 }
    return recipe
  }

  private func task(
    _ people: ColouredPeople, _ recipe: ReIDRecipe, _ adapter: AdapterStart
  ) throws -> PersonReID {
    try PersonReID(
      data: people.data(recipe), recipe: recipe,
      start: ModelFolder.load("random:convnet_small@32x16", seed: 1), origin: "test",
      adapter: adapter)
  }

  /// A run that was saved after three steps and went on in another trainer to its end.
  private func resumed(
    _ trainer: () throws -> TaskTrainer<PersonReID>, in people: ColouredPeople
  ) throws -> TaskTrainer<PersonReID> {
    let folder = CheckpointFolder(people.root.appendingPathComponent("last"))
    let first = try trainer()
    try first.run(until: 3)
    try first.save(to: folder, state: TaskState(threads: 1))
    let second = try trainer()
    _ = try second.restore(from: folder)
    try second.run()
    return second
  }

  private func state(_ module: any Module) -> [[Float]] {
    module.parameters.map(\.parameter.value.values) + module.buffers.map(\.buffer.value.values)
  }

  @Test(arguments: [
    ["contribution": "faig", "probeSteps": "3", "points": "2", "samples": "2"],
    ["contribution": "saliency", "samples": "2"],
  ])
  func `measures every tensor, leaves the network as it was, and repeats`(
    settings: [String: String]
  ) throws {
    let people = try ColouredPeople()
    defer { people.remove() }
    let recipe = recipe(settings)
    let method = try #require(try TaskAdapter.dividedMethod(recipe.tuning))
    func measured() throws -> (Contributions, CoLoRA.Division, AdapterPlan, isBack: Bool) {
      let task = try task(people, recipe, .probe)
      #expect(task.adapter == nil)
      let before = state(task.model.backbone)
      let probe = ContributionProbe(
        task, method: method, settings: recipe.training, random: RandomStream(seed: 0))
      var ticks = 0
      let contributions = try probe.contributions { ticks += 1 }
      #expect(ticks == probe.steps + probe.passes)
      let (plan, division) = try probe.plan(recipe.tuning, contributions)
      return (contributions, division, plan, state(task.model.backbone) == before)
    }
    let (contributions, division, plan, isBack) = try measured()
    #expect(isBack)
    let fresh = try task(people, recipe, .plan(plan))
    let paths = fresh.model.backbone.parameters.map(\.path)
    #expect(Set(contributions.values.keys) == Set(paths))
    let values = paths.compactMap { contributions.values[$0] }
    #expect(values.allSatisfy { $0 >= 0 && $0.isFinite } && Set(values).count > paths.count / 2)
    #expect(abs(division.fraction - 0.2) < 0.02)
    #expect(fresh.adapter?.adapter.parameterCount == division.trainedCount)
    #expect(Set(plan.ranks.values).count > 1)
    let again = try measured()
    #expect(again.0 == contributions && again.2.ranks == plan.ranks)
  }

  @Test func `a run of a measured plan is resumed with the same bits`() throws {
    let people = try ColouredPeople()
    defer { people.remove() }
    let recipe = recipe(["probeSteps": "2", "points": "2", "samples": "1"])
    let method = try #require(try TaskAdapter.dividedMethod(recipe.tuning))
    let probe = ContributionProbe(
      try task(people, recipe, .probe), method: method, settings: recipe.training,
      random: RandomStream(seed: 0))
    let plan = try probe.plan(recipe.tuning, try probe.contributions {}).plan
    let data = try JSONEncoder().encode(plan)
    func trainer() throws -> TaskTrainer<PersonReID> {
      // As a resumed run reads it from its folder.
      let saved = try JSONDecoder().decode(AdapterPlan.self, from: data)
      return TaskTrainer(
        try task(people, recipe, .plan(saved)), settings: recipe.training,
        random: RandomStream(seed: UInt64(recipe.seed)))
    }
    let straight = try trainer()
    try straight.run()
    let second = try resumed(trainer, in: people)
    #expect(second.weights == straight.weights)
    // The file of the adapter holds the division.
    let model = people.root.appendingPathComponent("model")
    try second.writeKept(to: model)
    let inspection = try #require(try second.task.adapter?.inspection(of: model))
    #expect(inspection.sites.map(\.path) == plan.sites.map { String($0.dropFirst()) })
    #expect(inspection.summary.contains("Intruder dimensions: \(inspection.intruderCount)"))
  }

  @Test func `a rule chooses what each step trains, and which moments go on`() throws {
    let people = try ColouredPeople()
    defer { people.remove() }
    var recipe = ColouredPeople.recipe
    recipe.tuning.method = "lora"
    recipe.training.exponentialMovingAverage = 0.5
    recipe.training.steps = 4
    func trainer() throws -> TaskTrainer<PersonReID> {
      TaskTrainer(
        try task(people, recipe, .plan(AdapterPlan(SampledSites()))), settings: recipe.training,
        random: RandomStream(seed: 4))
    }
    let straight = try trainer()
    let sites = try #require(straight.task.adapter).adapter.attached
    func values(_ site: Int) -> [Tensor] {
      sites[site].adapter.parameters.map(\.parameter.value)
    }
    func moments() -> [Double] {
      let state = straight.optimizer.state.moments
      return sites.map { site in
        state.filter { $0.key.contains("adapter.\(site.site.path).") }
          .reduce(0) { $0 + Double($1.value.summedSquares()) }
      }
    }
    let start = sites.indices.map { values($0) }
    try straight.run(until: 1)
    // B of the first site alone has moved.
    #expect(values(0)[0] == start[0][0] && values(0)[1] != start[0][1])
    #expect((1..<sites.count).allSatisfy { values($0) == start[$0] })
    #expect(moments()[0] > 0)
    try straight.run(until: 2)
    #expect(moments().allSatisfy { $0 == 0 })
    try straight.run(until: 3)
    #expect(values(1) != start[1] && moments()[1] > 0 && moments()[0] == 0)
    try straight.run()
    #expect(try resumed(trainer, in: people).weights == straight.weights)
  }

  @Test func `restoration is measured by squared errors, crop by crop`() throws {
    let root = FileManager.default.temporaryDirectory
      .appendingPathComponent("crops-\(UUID().uuidString)/train")
    defer { try? FileManager.default.removeItem(at: root.deletingLastPathComponent()) }
    try FileManager.default.createDirectory(at: root, withIntermediateDirectories: true)
    for number in 0..<4 {
      let pixels = (0..<(24 * 24 * 3)).map { UInt8(($0 * (number + 3)) % 251) }
      try Image(width: 24, height: 24, pixels: pixels)
        .write(to: root.appendingPathComponent("\(number).png"))
    }
    var recipe = RestorationRecipe()
    recipe.restoration.degradation = "noise25"
    recipe.restoration.crop = 16
    recipe.restoration.batch = 2
    recipe.tuning.method = "colora"
    recipe.tuning.adapter = ["contribution": "saliency"]
    let data = try RestorationData(
      root: root.deletingLastPathComponent(), settings: recipe.restoration, validationShare: 0,
      random: RandomStream(seed: 0))
    let task = try ImageRestoration(
      data: data, recipe: recipe, model: RestorationModel.load("random:nafnet_small"),
      origin: "test", adapter: .probe)
    // The second crop of the second batch.
    let loss = try task.contributionLoss(of: 3, in: .inference()).value.scalar
    let batch = try task.batches(1)
    let output = task.model.backbone.restored(Variable(batch.degraded), in: .inference()).value
    let count = 16 * 16 * 3
    let expected = (count..<2 * count).reduce(Float(0)) {
      let error = output[$1] - batch.clean[$1]
      return $0 + error * error
    }
    #expect(abs(loss - expected) < 1e-3 * expected)
  }

  @Test func `settings without effect are refused in a sentence`() throws {
    let people = try ColouredPeople()
    defer { people.remove() }
    func sentence(_ change: (inout TuningSettings) -> Void) throws -> String {
      var recipe = ColouredPeople.recipe
      change(&recipe.tuning)
      do {
        _ = try task(people, recipe, .recipe)
        return ""
      } catch {
        return "\(error)"
      }
    }
    #expect(try sentence { $0.adapter = ["rank": "4"] }.contains("adapter.rank"))
    #expect(try sentence { $0.sites = "qkv" }.contains("tuning.sites"))
    #expect(
      try sentence {
        $0.method = "lora"
        $0.adapter = ["budget": "0.1"]
      }.contains("belongs to colora"))
    #expect(
      try sentence {
        $0.method = "lora"
        $0.sites = "stem.conv"
      }.contains("--list-sites"))
    #expect(try sentence { $0.method = "petalface" }.contains("--task face"))
    #expect(
      try sentence {
        $0.method = "colora"
        $0.adapter = ["budget": "0.001"]
      }.contains("raise it"))
  }
}
