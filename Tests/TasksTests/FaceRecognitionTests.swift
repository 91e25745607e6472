import AdapterFiles
import Adapters
import Backbones
import Datasets
import Foundation
import Gradients
import Images
import Layers
import Quality
import Recipes
import Storage
import Tensors
import Testing
import Training

@testable import Tasks

/// Small made faces: every person has own colours, every picture another brightness.
struct MadeFaces {
  let root: URL

  /// Writes one folder per person.
  init(persons: Int = 10, pictures: Int = 4) throws {
    root = FileManager.default.temporaryDirectory
      .appendingPathComponent("faces-\(UUID().uuidString)")
    for person in 1...persons {
      let folder = root.appendingPathComponent("p\(person)")
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      for number in 1...pictures {
        try ColouredPeople.picture(person: person, shift: 6 * number)
          .write(to: folder.appendingPathComponent("\(number).png"))
      }
    }
  }

  func remove() { try? FileManager.default.removeItem(at: root) }

  /// A recipe for seconds.
  static func recipe(_ change: (inout FaceRecipe) -> Void = { _ in }) -> FaceRecipe {
    var recipe = FaceRecipe()
    recipe.training.steps = 4
    recipe.training.evaluateEverySteps = 2
    recipe.training.validationShare = 0.4
    recipe.face.batchSize = 8
    recipe.face.embedding = 16
    recipe.face.alignedSize = 32
    change(&recipe)
    return recipe
  }

  func trainer(
    _ recipe: FaceRecipe, quality: (any QualityMetric)? = nil
  ) throws -> TaskTrainer<FaceRecognition> {
    let data = try FaceData(
      FaceFolder(path: root.path), settings: recipe.face,
      validationShare: recipe.training.validationShare,
      random: RandomStream(seed: UInt64(recipe.seed)).split("data"))
    let start = try ModelFolder.load("random:convnet_small@32x32", seed: 1)
    let task = try FaceRecognition(
      data: data, recipe: recipe, start: start, origin: "test", quality: quality)
    return TaskTrainer(
      task, settings: recipe.training, random: RandomStream(seed: UInt64(recipe.seed)))
  }
}

@Suite struct FaceRecognitionTests {
  @Test func `persons are divided into learned and held-out ones`() throws {
    let faces = try MadeFaces()
    defer { faces.remove() }
    let data = try faces.trainer(MadeFaces.recipe()).task.data
    #expect(data.persons.count == 6 && data.heldOutPersons == 4)
    #expect(data.train.count == 24 && data.heldOutPictures == 16)
    #expect(Set(data.classes) == Set(0..<6))
    let held = Set(try #require(data.heldOut?.pairs.first).pictures.map(\.person))
    #expect(held.isDisjoint(with: data.persons))
  }

  @Test(arguments: FaceSettings.Loss.allCases)
  func `every loss goes down and is scored`(loss: FaceSettings.Loss) throws {
    let faces = try MadeFaces()
    defer { faces.remove() }
    let trainer = try faces.trainer(
      MadeFaces.recipe {
        $0.face.loss = loss
        $0.training.steps = 24
        $0.training.evaluateEverySteps = 24
        $0.face.scale = 16
        $0.face.margin = 0.2
        $0.face.lowResolution = 0
      })
    let steps = try trainer.run()
    let losses = steps.compactMap { $0.values["loss"] }
    #expect(losses.prefix(4).reduce(0, +) > losses.suffix(4).reduce(0, +))
    #expect((0...1).contains(try #require(steps.last?.score?.value)))
    let lengths = trainer.task.model.head.lengths.value.values
    #expect((lengths != [20, 100]) == (loss == .adaFace))
  }

  @Test(arguments: ["full", "head", "lora", "petalface", "adalora", "colora"])
  func `a restored run goes on with the same bits`(method: String) throws {
    let faces = try MadeFaces(persons: 8, pictures: 3)
    defer { faces.remove() }
    let recipe = MadeFaces.recipe {
      $0.tuning.method = method
      $0.tuning.adapter =
        switch method {
        case "full", "head": [:]
        case "colora": ["budget": "0.2"]
        case "adalora": ["rank": "4", "targetRank": "2", "interval": "1"]
        default: ["rank": "2"]
        }
      $0.training.exponentialMovingAverage = 0.5
      $0.face.classShare = 0.5
    }
    let whole = try faces.trainer(recipe)
    try whole.run()
    let folder = CheckpointFolder(faces.root.appendingPathComponent("last"))
    let first = try faces.trainer(recipe)
    try first.run(until: 2)
    try first.save(to: folder, state: TaskState(threads: 1))
    let second = try faces.trainer(recipe)
    _ = try second.restore(from: folder)
    try second.run()
    #expect(second.weights == whole.weights)
    guard method == "adalora" else { return }
    let (end, again) = (whole.task.adapter?.ranks ?? [:], second.task.adapter?.ranks)
    let sum = end.values.reduce(0, +)
    #expect(sum > 0 && sum <= 2 * end.count && again == end)
  }

  @Test func `an adapter leaves the base as it is and is written with the head`() throws {
    let faces = try MadeFaces()
    defer { faces.remove() }
    let trainer = try faces.trainer(
      MadeFaces.recipe {
        $0.tuning.method = "lora"
        $0.tuning.adapter["rank"] = "2"
      })
    let model = trainer.task.model
    let before = model.backbone.parameters.map(\.parameter.value.values)
    let statistics = model.backbone.buffers.map(\.buffer.value.values)
    try trainer.run()
    #expect(model.backbone.parameters.map(\.parameter.value.values) == before)
    #expect(model.backbone.buffers.map(\.buffer.value.values) == statistics)
    let trained = trainer.task.trainableParameterCount
    #expect(trained < trainer.task.parameterCount / 2 && trained > 0)
    let folder = faces.root.appendingPathComponent("model")
    try trainer.writeKept(to: folder)
    let names = Set(
      try FileManager.default.contentsOfDirectory(atPath: folder.path + "/adapter"))
    #expect(
      names == ["adapter.json", "adapter.safetensors", "head.safetensors", "task.json"])
    let isBack = model.backbone.parameters.map(\.parameter.value.values) == before
    #expect(isBack)
    // The adapter is in the weights: the folder alone gives the same vectors.
    let loaded = try Self.opened(folder)
    #expect(loaded.description.needsAdapter == nil && loaded.quality == nil)
    #expect(try Self.difference(loaded.network, model, on: trainer.task.batches(0)) < 1e-3)
  }

  @Test func `a gated adapter is put on when its model is opened, and is no merged one`() throws {
    let faces = try MadeFaces()
    defer { faces.remove() }
    let trainer = try faces.trainer(
      MadeFaces.recipe {
        $0.tuning.method = "petalface"
        $0.tuning.adapter["rank"] = "2"
        $0.training.learningRate = 0.01
      })
    #expect(trainer.task.notes.contains { $0.contains(PictureDetail.name) })
    #expect(try trainer.run().allSatisfy { $0.values["quality"] != nil })
    let folder = faces.root.appendingPathComponent("model")
    try trainer.writeKept(to: folder)
    let bare = try ModelFolder.load(folder.path).backbone
    let loaded = try Self.opened(folder)
    #expect(loaded.description.needsAdapter == true && loaded.quality == PictureDetail.name)
    let model = trainer.task.model
    let batch = try trainer.task.batches(0)
    #expect(batch.pictures?.count == batch.classes.count)
    #expect(try Self.difference(loaded.network, model, on: batch) < 1e-5)
    let other = try FaceNetwork(
      backbone: bare, shape: model.head.shape, random: RandomStream(seed: 0))
    try ModuleWeights.read(
      into: other.head, from: folder.appendingPathComponent(TaskDescription.headName))
    #expect(try Self.difference(other, model, on: batch) > 1e-3)
    // A measure that this version does not know is refused.
    let description = folder.appendingPathComponent("adapter/adapter.json")
    let text = try String(contentsOf: description, encoding: .utf8)
    let changed = text.replacingOccurrences(
      of: "\"quality\" : \"\(PictureDetail.name)\"", with: "\"quality\" : \"sheen\"")
    #expect(changed != text)
    try Data(changed.utf8).write(to: description)
    #expect(throws: QualityError.self) { try Self.opened(folder) }
  }

  @Test func `a gated adapter measures by a trained network, which lies in its folder`() throws {
    let faces = try MadeFaces()
    defer { faces.remove() }
    var recipe = MadeFaces.recipe {
      $0.tuning.method = "petalface"
      $0.tuning.adapter = ["rank": "2", "metric": "cnniqa"]
      $0.face.qualitySteps = 2
    }
    #expect(try FaceRecognition.learnsQuality(recipe))
    #expect(throws: QualityError.self) { try faces.trainer(recipe) }
    let data = try faces.trainer(MadeFaces.recipe()).task.data
    var losses: [Float] = []
    let (quality, score) = try FaceQualityTraining(data, recipe: recipe).run { losses.append($0) }
    #expect(losses.count == 2 && score != nil)
    recipe.tuning.adapter["threshold"] = "0.4"
    let trainer = try faces.trainer(recipe, quality: quality)
    #expect(trainer.task.notes.contains { $0.contains("threshold of the recipe, 0.4") })
    try trainer.run()
    let folder = faces.root.appendingPathComponent("model")
    try trainer.writeKept(to: folder)
    #expect(try Self.opened(folder).quality == "cnniqa")
    try FileManager.default.removeItem(
      at: folder.appendingPathComponent("adapter/\(LearnedQuality.fileName)"))
    #expect(throws: QualityError.self) { try Self.opened(folder) }
    // Its weights alone are no start, and another base is refused even beside its own adapter.
    #expect(throws: TaskError.self) { try StartingModel.load(folder.path, seed: 0) }
  }

  @Test func `adapters given by hand belong to the base, and buckets nearly equal single blends`()
    throws
  {
    let faces = try MadeFaces()
    defer { faces.remove() }
    func folder(_ name: String, _ method: String) throws -> URL {
      let trainer = try faces.trainer(
        MadeFaces.recipe {
          $0.tuning.method = method
          $0.tuning.adapter["rank"] = "2"
          $0.training.learningRate = 0.01
        })
      try trainer.run()
      let folder = faces.root.appendingPathComponent(name)
      try trainer.writeKept(to: folder)
      return folder
    }
    let (gated, plain) = (try folder("gated", "petalface"), try folder("plain", "lora"))
    let model = try ModelFolder.load(gated.path)
    let both = try ModelAdapters(
      [plain.appendingPathComponent("adapter").path], on: model.backbone, of: gated.path)
    #expect(both.quality?.name == PictureDetail.name)
    let other = try ModelFolder.load("random:convnet_small@32x32", seed: 7)
    #expect(throws: AdapterFileError.self) {
      try ModelAdapters([plain.appendingPathComponent("adapter").path], on: other.backbone, of: "x")
    }
    let again = try ModelFolder.load(gated.path)
    let adapted = try ModelAdapters([], on: again.backbone, of: gated.path)
    let batch = try faces.trainer(MadeFaces.recipe()).task.batches(0)
    let qualities = (0..<batch.classes.count).map { Float($0) / Float(batch.classes.count) }
    let context = ForwardContext.inference()
    context.quality = qualities
    let single = again.backbone.features(of: Variable(batch.images), in: context).value.values
    func difference(_ count: Int) throws -> Float {
      let bucketed = try adapted.bucketed(count)
      defer { bucketed.finish() }
      let found = bucketed.run(batch.images, quality: qualities) {
        again.backbone.features(of: $0, in: $1)
      }
      return zip(found.values, single).reduce(0) { max($0, abs($1.0 - $1.1)) }
    }
    let (coarse, fine) = (try difference(1), try difference(64))
    #expect(fine < coarse && coarse > 0)
    #expect(throws: AdapterError.self) {
      let model = try ModelFolder.load(plain.path)
      _ = try ModelAdapters([], on: model.backbone, of: plain.path).bucketed(2)
    }
  }

  /// A written model as an evaluation opens it.
  private static func opened(
    _ folder: URL
  ) throws -> (network: FaceNetwork, description: TaskDescription, quality: String?) {
    let model = try ModelFolder.load(folder.path)
    let own = try #require(try TaskDescription(folder: folder))
    let adapted = try ModelAdapters([], on: model.backbone, of: folder.path)
    let shape = try #require(adapted.description?.face)
    let network = try FaceNetwork(
      backbone: model.backbone, shape: shape, random: RandomStream(seed: 0))
    try ModuleWeights.read(
      into: network.head, from: adapted.headFolder.appendingPathComponent(TaskDescription.headName))
    return (network, own, adapted.quality?.name)
  }

  /// The largest difference of the vectors of a batch.
  private static func difference(
    _ first: FaceNetwork, _ second: FaceNetwork, on batch: FaceBatch
  ) throws -> Float {
    let qualities = batch.pictures.map(PictureDetail().quality(of:))
    let one = first.vectors(of: batch.images, qualities: qualities).values
    let other = second.vectors(of: batch.images, qualities: qualities).values
    try #require(one.count == other.count)
    return zip(one, other).reduce(0) { max($0, abs($1.0 - $1.1)) }
  }

  @Test func `damaged pictures are replaced by others of the person and listed`() throws {
    let faces = try MadeFaces()
    defer { faces.remove() }
    try Data([1, 2, 3]).write(to: faces.root.appendingPathComponent("p1/1.png"))
    try Data([1, 2, 3]).write(to: faces.root.appendingPathComponent("p7/2.png"))
    let trainer = try faces.trainer(MadeFaces.recipe { $0.training.steps = 8 })
    try trainer.run()
    #expect(!trainer.task.skipped.isEmpty)
  }

  @Test func `one person is too few`() throws {
    let faces = try MadeFaces(persons: 1)
    defer { faces.remove() }
    #expect(throws: TaskError.self) { try faces.trainer(MadeFaces.recipe()) }
  }

  // MARK: Parts

  @Test func `partial classes hold the present ones and are filled up`() throws {
    let sampler = ClassSampler(count: 100, share: 0.1, random: RandomStream(seed: 4))
    let choice = try #require(sampler.choice(present: [7, 93, 7], step: 3))
    #expect(choice.classes.count == 10 && choice.classes == choice.classes.sorted())
    #expect(Set(choice.classes).count == 10)
    #expect(choice.labels.map { choice.classes[$0] } == [7, 93, 7])
    #expect(sampler.choice(present: [7, 93, 7], step: 3) == choice)
    #expect(sampler.choice(present: [7, 93, 7], step: 4) != choice)
    let many = try #require(sampler.choice(present: Array(0..<20), step: 0))
    #expect(many.classes == Array(0..<20))
    let all = ClassSampler(count: 5, share: 1, random: RandomStream(seed: 0))
    #expect(all.choice(present: [1], step: 0) == nil)
  }

  @Test func `a partial step moves the chosen classes alone`() throws {
    let head = try FaceHead(
      .init(width: 3, embedding: 0, classes: 4, pictureSize: 32), random: RandomStream(seed: 2))
    let context = ForwardContext.training(random: RandomStream(seed: 0))
    let features = context.tape?.leaf(Tensor([1, 2, 3], shape: [1, 3]))
    let embedded = head.embedded(try #require(features), in: context)
    let cosines = head.cosines(embedded, classes: [1, 3], in: context)[0]
    #expect(cosines.shape == [1, 2])
    context.backward(from: cosines.summed())
    let gradient = try #require(head.parameters.first?.parameter.gradient).values
    #expect(gradient[0..<3].allSatisfy { $0 == 0 } && gradient[6..<9].allSatisfy { $0 == 0 })
    #expect(gradient[3..<6].contains { $0 != 0 } && gradient[9..<12].contains { $0 != 0 })
  }

  @Test func `detail falls with resolution and not with contrast`() {
    var pixels: [UInt8] = []
    var state: UInt64 = 5
    for _ in 0..<(64 * 64) {
      state = state &* 6_364_136_223_846_793_005 &+ 1
      let value = UInt8(80 + (state >> 60) * 6)
      pixels += [value, value, value]
    }
    let sharp = Image(width: 64, height: 64, pixels: pixels)
    let dull = Image(width: 64, height: 64, pixels: pixels.map { 60 + $0 / 2 })
    let qualities = [64, 32, 16, 8].map { side in
      PictureDetail.quality(
        of: sharp.resized(width: side, height: side).resized(width: 64, height: 64))
    }
    #expect(
      qualities == qualities.sorted(by: >) && qualities[0] > 0.5 && qualities[3] < 0.5,
      "\(qualities)")
    #expect(abs(PictureDetail.quality(of: dull) - qualities[0]) < 0.05)
    #expect(PictureDetail.quality(of: Image(width: 64, height: 64)) == 0)
  }
}
