import Backbones
import Datasets
import Foundation
import Gradients
import Layers
import Recipes
import Storage
import Tasks
import Tensors
import Testing
import Training

@Suite struct PersonReIDTests {
  struct Variant: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let change: @Sendable (inout ReIDRecipe) -> Void

    var recipe: ReIDRecipe {
      var recipe = ColouredPeople.recipe
      change(&recipe)
      return recipe
    }
  }

  static let variants = [
    Variant(testDescription: "the defaults") { _ in },
    Variant(testDescription: "generalised mean, circle losses, centres, averaged weights") {
      $0.reid.pooling = .generalizedMean
      $0.reid.identityLoss = .circle
      $0.reid.pairLoss = .circle
      $0.reid.centreWeight = 0.01
      $0.training.exponentialMovingAverage = 0.9
    },
    Variant(testDescription: "margins and hard triplets, slower below") {
      $0.reid.identityLoss = .arcFace
      $0.reid.pairLoss = .hardTriplet
      $0.training.layerDecay = 0.5
      $0.training.coreFactor = 0.1
    },
    Variant(testDescription: "the head alone, on kept features") {
      $0.tuning.method = "head"
      $0.augmentation = .mirrorsOnly
    },
    Variant(testDescription: "a low-rank adapter, averaged") {
      $0.tuning.method = "lora"
      $0.tuning.adapter["rank"] = "2"
      $0.training.exponentialMovingAverage = 0.9
    },
    Variant(testDescription: "an adapter with rank allocation") {
      $0.tuning.method = "adalora"
      $0.tuning.adapter = ["rank": "4", "targetRank": "2", "interval": "1"]
    },
    Variant(testDescription: "an adapter that divides a budget") {
      $0.tuning.method = "colora"
      $0.tuning.adapter = ["budget": "0.2", "contribution": "uniform"]
      $0.tuning.excluded = "=conv1"
    },
    Variant(testDescription: "nested vectors") { $0.head.kind = "nested" },
    Variant(testDescription: "subspaces, with centres") {
      $0.head.kind = "subspace"
      $0.head.dimension = 3
      $0.reid.centreWeight = 0.01
    },
    Variant(testDescription: "subspaces with margins") {
      $0.head.kind = "subspace"
      $0.head.dimension = 2
      $0.reid.identityLoss = .cosFace
    },
    Variant(testDescription: "the head alone, on varied pictures") { $0.tuning.method = "head" },
  ]

  @Test(arguments: variants)
  func `a resumed run ends with the same bits`(_ variant: Variant) throws {
    let people = try ColouredPeople()
    defer { people.remove() }
    let straight = try people.trainer(variant.recipe)
    let steps = try straight.run()
    #expect(steps.count == 6 && steps.filter { $0.score != nil }.count == 2)
    let folder = CheckpointFolder(people.root.appendingPathComponent("last"))
    let first = try people.trainer(variant.recipe)
    try first.run(until: 4)
    try first.save(to: folder, state: TaskState(threads: 1))
    // Weights of another seed: everything must come from the checkpoint.
    let second = try people.trainer(variant.recipe, seed: 99)
    let found = try second.restore(from: folder)
    #expect(found.step == 4 && second.best == first.best)
    let rest = try second.run()
    let isSame = second.weights == straight.weights
    #expect(isSame)
    #expect(rest.last?.values == steps.last?.values)
    guard variant.recipe.tuning.method == "adalora" else { return }
    // Components went before and after the checkpoint, the same ones in both runs.
    func ranks(_ trainer: TaskTrainer<PersonReID>) throws -> [String: Int] {
      try #require(trainer.task.adapter).ranks
    }
    let (start, middle, end) = (
      try ranks(people.trainer(variant.recipe)), try ranks(first), try ranks(straight)
    )
    func sum(_ ranks: [String: Int]) -> Int { ranks.values.reduce(0, +) }
    #expect(sum(start) == 4 * start.count && sum(middle) < sum(start))
    #expect(sum(end) > 0 && sum(end) <= 2 * start.count && sum(end) <= sum(middle))
    #expect(try ranks(second) == end)
    // A checkpoint without the memory of the allocation would go on with another choice.
    let state = folder.url.appendingPathComponent("adapter-ranks.safetensors")
    try FileManager.default.removeItem(at: state)
    let third = try people.trainer(variant.recipe)
    #expect(throws: CheckpointError.self) { try third.restore(from: folder) }
  }

  @Test func `vectors of cameras are learned, kept, and used in a search`() throws {
    let people = try ColouredPeople()
    defer { people.remove() }
    var recipe = ColouredPeople.recipe
    recipe.training.steps = 2
    recipe.reid.cameraEmbedding = 3
    let start = try ModelFolder.load("random:vit_tiny_patch16_224@32x16", seed: 1)
    let task = try PersonReID(
      data: try people.data(recipe), recipe: recipe, start: start, origin: "test")
    let vectors = try #require(
      task.model.head.parameters.first { $0.path == "sie_embed" }?.parameter)
    #expect(vectors.value.shape == [2, 192] && task.model.head.shape.cameras == [1, 2])
    let before = vectors.value.values
    let trainer = TaskTrainer(
      task, settings: recipe.training, random: RandomStream(seed: 0))
    try trainer.run()
    #expect(vectors.value.values != before)
    let images = try task.batches(0).images
    func search(_ camera: Int?) -> [Float] {
      task.model.searchFeatures(
        of: images, cameras: [Int?](repeating: camera, count: images.shape[0])
      ).values
    }
    #expect(search(1) != search(2) && search(nil) == search(77) && search(nil) != search(1))
    let folder = people.root.appendingPathComponent("model")
    try task.writeModel(to: folder, for: .use)
    let description = try #require(try TaskDescription(folder: folder)?.reid)
    #expect(description.cameras == [1, 2] && description.cameraWeight == 3)
    // A convolutional network has no tokens.
    #expect {
      _ = try people.trainer(recipe)
    } throws: { "\($0)".contains("vision transformer") }
  }

  @Test func `parts of a transformer are learned and stand behind the whole`() throws {
    let people = try ColouredPeople()
    defer { people.remove() }
    var recipe = ColouredPeople.recipe
    recipe.training.steps = 2
    recipe.training.evaluateEverySteps = 2
    recipe.reid.jigsawParts = 4
    func task() throws -> PersonReID {
      try PersonReID(
        data: try people.data(recipe), recipe: recipe,
        start: ModelFolder.load("random:vit_tiny_patch16_224@64x32", seed: 1), origin: "test")
    }
    let first = try task()
    let images = Variable(try first.batches(0).images)
    // Before training the copy of the last block is the last block.
    let vectors = first.model.features(of: images, in: .inference())
    let plain = first.model.backbone.features(of: images, in: .inference()).value.values
    #expect(vectors.count == 5 && vectors.allSatisfy { $0.shape == [6, 192] })
    #expect(zip(vectors[0].value.values, plain).allSatisfy { abs($0 - $1) < 1e-4 })
    let trainer = TaskTrainer(first, settings: recipe.training, random: RandomStream(seed: 0))
    let steps = try trainer.run()
    #expect(steps.last?.score != nil)
    let search = first.model.searchFeatures(of: images.value)
    #expect(search.shape == [6, 960])
    let folder = people.root.appendingPathComponent("model")
    try first.writeModel(to: folder, for: .use)
    let second = try task()
    try second.readModel(from: folder)
    #expect(second.model.searchFeatures(of: images.value).values == search.values)
    #expect {
      _ = try people.trainer(recipe)
    } throws: { "\($0)".contains("vision transformer") }
  }

  @Test func `patches are shifted, take turns, and are cut into parts`() {
    // Eight patches from the fifth on: 4 5 6 7 0 1 2 3; turns of both halves: 4 0 5 1 6 2 7 3.
    #expect(JigsawParts.places(8, parts: 4) == [[4, 0], [5, 1], [6, 2], [7, 3]])
    #expect(JigsawParts.places(8, parts: 2) == [[4, 0, 5, 1], [6, 2, 7, 3]])
    let places = JigsawParts.places(128, parts: 4)
    #expect(places.map(\.count) == [32, 32, 32, 32])
    #expect(Set(places.flatMap(\.self)) == Set(0..<128))
  }

  @Test func `averaged weights are scored and written with averaged statistics`() throws {
    let people = try ColouredPeople()
    defer { people.remove() }
    var recipe = ColouredPeople.recipe
    recipe.training.exponentialMovingAverage = 0.5
    let trainer = try people.trainer(recipe)
    func statistics() -> [[Float]] {
      trainer.task.network.buffers.filter { $0.path.hasSuffix("running_mean") }
        .map(\.buffer.value.values)
    }
    var averages = statistics()
    for _ in 0..<3 {
      _ = try trainer.advance()
      averages = zip(averages, statistics()).map { zip($0, $1).map { 0.5 * $0 + 0.5 * $1 } }
    }
    let live = statistics()
    let kept = trainer.withKeptWeights(statistics)
    #expect(kept == averages && kept != live && statistics() == live)
  }

  @Test func `what fits of a start's head is kept, and what is new is said`() throws {
    let people = try ColouredPeople()
    defer { people.remove() }
    var recipe = ColouredPeople.recipe
    recipe.reid.centreWeight = 0.01
    let first = try people.trainer(recipe)
    try first.run()
    let folder = people.root.appendingPathComponent("model")
    try first.writeKept(to: folder)
    #expect(first.task.headNote == nil)
    func head(_ recipe: ReIDRecipe) throws -> (values: [String: [Float]], note: String) {
      let task = try PersonReID(
        data: people.data(recipe), recipe: recipe, start: ModelFolder.load(folder.path),
        origin: "test")
      let head = task.model.head
      let values =
        head.parameters.map { ($0.path, $0.parameter.value.values) }
        + head.buffers.map { ($0.path, $0.buffer.value.values) }
      return (Dictionary(uniqueKeysWithValues: values), try #require(task.headNote))
    }
    let old = Dictionary(
      uniqueKeysWithValues: first.task.model.head.parameters.map {
        ($0.path, $0.parameter.value.values)
      })
    let whole = try head(recipe)
    #expect(whole.note.contains("kept neck, persons (as many") && whole.note.contains("centres"))
    #expect(old.allSatisfy { whole.values[$0.key] == $0.value })
    #expect(whole.values["neck.running_mean"]?.contains { $0 != 0 } == true)
    var fewer = recipe
    fewer.reid.personLimit = 3
    let other = try head(fewer)
    #expect(other.note.contains("kept neck;") && other.note.contains("persons (4 there, 3 here)"))
    #expect(other.values["neck.weight"] == old["neck.weight"])
    #expect(other.values["neck.running_mean"] == whole.values["neck.running_mean"])
    var new = recipe
    new.head.start = .new
    let unused = try head(new)
    #expect(unused.note.contains("head.start is new"))
    #expect(unused.values["neck.running_mean"]?.allSatisfy { $0 == 0 } == true)
  }

  @Test func `a frozen network does not move`() throws {
    let people = try ColouredPeople()
    defer { people.remove() }
    var recipe = ColouredPeople.recipe
    recipe.tuning.method = "head"
    let trainer = try people.trainer(recipe)
    func state(_ module: any Module) -> [[Float]] {
      module.parameters.map(\.parameter.value.values) + module.buffers.map(\.buffer.value.values)
    }
    let before = (state(trainer.task.model.backbone), state(trainer.task.model.head))
    try trainer.run()
    let isFrozen = state(trainer.task.model.backbone) == before.0
    let hasLearned = state(trainer.task.model.head) != before.1
    #expect(isFrozen && hasLearned)
  }

  @Test func `an adapter leaves the base alone, and its folder merges to the same features`() throws
  {
    let people = try ColouredPeople()
    defer { people.remove() }
    var recipe = ColouredPeople.recipe
    recipe.tuning.method = "lora"
    let trainer = try people.trainer(recipe)
    let before = trainer.task.model.backbone.parameters.map(\.parameter.value.values)
    try trainer.run()
    let isFrozen = trainer.task.model.backbone.parameters.map(\.parameter.value.values) == before
    #expect(isFrozen)
    let folder = people.root.appendingPathComponent("model")
    try trainer.writeKept(to: folder)
    let isBack = trainer.task.model.backbone.parameters.map(\.parameter.value.values) == before
    #expect(isBack)
    let loaded = try ModelFolder.load(folder.path)
    let images = Variable(try trainer.task.batches(0).images)
    let merged = loaded.backbone.features(of: images, in: .inference()).value.values
    let adapted = trainer.task.model.backbone.features(of: images, in: .inference()).value.values
    let difference = zip(merged, adapted).reduce(0) { max($0, abs($1.0 - $1.1)) }
    #expect(difference < 1e-4, "\(difference)")
    let names = try FileManager.default.contentsOfDirectory(
      atPath: folder.appendingPathComponent("adapter").path)
    #expect(Set(names).isSuperset(of: ["adapter.json", "adapter.safetensors", "head.safetensors"]))
  }

  @Test func `kept features equal computed ones`() throws {
    let people = try ColouredPeople()
    defer { people.remove() }
    var recipe = ColouredPeople.recipe
    recipe.tuning.method = "head"
    recipe.augmentation = .mirrorsOnly
    let task = try people.trainer(recipe).task
    let batch = try task.batches(0)
    let computed = task.model.backbone.features(of: Variable(batch.images), in: .inference()).value
    let context = ForwardContext.recordedInference()
    _ = try task.learn(from: batch, in: context)
    let kept = try task.learn(from: batch, in: context)
    let direct = task.model.head.normalized(Variable(computed), in: .inference())
    let scores = task.model.head.scores(direct, in: .inference())[0]
    let loss = scores.crossEntropy(labels: batch.classes, smoothing: 0.1).value.scalar
    #expect(abs(Float(kept.values["loss.identity"] ?? 0) - loss) < 1e-4)
  }

  @Test func `learns a few persons by heart`() throws {
    let people = try ColouredPeople(persons: 4)
    defer { people.remove() }
    var recipe = ColouredPeople.recipe
    recipe.training.steps = 60
    recipe.training.validationShare = 0
    recipe.training.learningRate = 3e-3
    recipe.reid.personsPerBatch = 4
    recipe.reid.smoothing = 0
    recipe.augmentation = .mirrorsOnly
    let steps = try people.trainer(recipe).run()
    let late = steps.suffix(10).compactMap { $0.values["trainAccuracy"] }
    #expect(late.reduce(0, +) / Double(late.count) > 0.95)
    let losses = steps.compactMap { $0.values["loss"] }
    #expect((losses.last ?? 9) < 0.3 * (losses.first ?? 0))
  }

  @Test func `a damaged picture is replaced and listed`() throws {
    let people = try ColouredPeople()
    defer { people.remove() }
    var recipe = ColouredPeople.recipe
    recipe.training.validationShare = 0
    recipe.augmentation.cameraStyle = 0
    let data = try people.data(recipe)
    let damaged = data.train[3].path
    try Data("no picture".utf8).write(to: URL(fileURLWithPath: damaged))
    let trainer = try people.trainer(recipe)
    try trainer.run()
    #expect(trainer.task.skipped.map(\.path) == [damaged])
  }

  @Test func `a model folder brings back the same features`() throws {
    let people = try ColouredPeople()
    defer { people.remove() }
    let trainer = try people.trainer()
    try trainer.run()
    let folder = people.root.appendingPathComponent("model")
    try trainer.writeKept(to: folder)
    let loaded = try ModelFolder.load(folder.path)
    let shape = try #require(try TaskDescription(folder: folder)?.reid)
    let network = try ReIDNetwork(
      backbone: loaded.backbone, shape: shape, random: RandomStream(seed: 5))
    try ModuleWeights.read(
      into: network.head, from: folder.appendingPathComponent(TaskDescription.headName))
    let images = try trainer.task.batches(0).images
    #expect(
      network.searchFeatures(of: images).values
        == trainer.task.model.searchFeatures(of: images).values)
  }

  @Test func `generalised mean lies between mean and maximum, and passes finite differences`()
    throws
  {
    let head = try ReIDHead(
      .init(width: 3, classes: 0, poolsGeneralized: true), random: RandomStream(seed: 1))
    var random = RandomStream(seed: 2)
    let map = Tensor(
      random.uniform(shape: [2, 2, 3, 3], bound: 1).values.map { abs($0) + 0.1 },
      shape: [2, 2, 3, 3])
    let pooled = head.pooled(Variable(map), in: .inference()).value
    for picture in 0..<2 {
      for channel in 0..<3 {
        let values = (0..<6).map { map[(picture * 6 + $0) * 3 + channel] }
        let expected = powf(values.reduce(0) { $0 + $1 * $1 * $1 } / 6, 1.0 / 3)
        #expect(abs(pooled[picture * 3 + channel] - expected) < 1e-5)
      }
    }
    let error = GradientCheck.largestError(at: [map], step: 1e-3) {
      head.pooled($0[0], in: .inference())
    }
    #expect(error < 2e-2, "\(error)")
  }
}

extension ISRAugmentation {
  /// Mirroring and nothing else.
  static var mirrorsOnly: ISRAugmentation {
    var settings = ISRAugmentation()
    settings.scaleMinimum = 1
    settings.aspectChange = 0
    settings.brightness = 0
    settings.contrast = 0
    settings.channelGain = 0
    settings.gammaMinimum = 1
    settings.gammaMaximum = 1
    settings.gray = 0
    settings.erasing = 0
    settings.cameraStyle = 0
    return settings
  }
}
