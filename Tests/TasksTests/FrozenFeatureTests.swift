import Backbones
import Datasets
import Foundation
import Gradients
import Layers
import Recipes
import Tensors
import Testing
import Training

@testable import Tasks

/// What a frozen part makes of pictures is kept, and nothing else changes.
@Suite struct FrozenFeatureTests {
  struct Variant: Sendable, CustomTestStringConvertible {
    let testDescription: String
    /// What is said about the frozen part.
    let part: String
    let change: @Sendable (inout ReIDRecipe) -> Void

    var recipe: ReIDRecipe {
      var recipe = ColouredPeople.recipe
      recipe.training.steps = 10
      recipe.training.evaluateEverySteps = 5
      recipe.augmentation = .mirrorsOnly
      change(&recipe)
      return recipe
    }
  }

  static let variants = [
    Variant(testDescription: "the head alone", part: "the network gives") {
      $0.tuning.method = "head"
    },
    Variant(
      testDescription: "a learned pooling and the head", part: "the first 4 of 4 blocks give"
    ) {
      $0.tuning.method = "head"
      $0.reid.pooling = .generalizedMean
    },
    Variant(
      testDescription: "an adapter in the last block", part: "the first 3 of 4 blocks give"
    ) {
      $0.tuning.method = "lora"
      $0.tuning.adapter["rank"] = "2"
      $0.tuning.sites = "stages.3.conv1,stages.3.conv2"
      $0.training.exponentialMovingAverage = 0.5
    },
    Variant(
      testDescription: "an adapter in the middle, pictures as they are",
      part: "the first 2 of 4 blocks give"
    ) {
      $0.tuning.method = "lora"
      $0.tuning.adapter = ["rank": "2", "dropout": "0.3"]
      $0.tuning.sites = "stages.2.conv2"
      $0.augmentation.flip = 0
    },
  ]

  private func difference(_ one: [[Float]], _ other: [[Float]]) -> Float {
    zip(one.joined(), other.joined()).reduce(0) { max($0, abs($1.0 - $1.1)) }
  }

  @Test(arguments: variants)
  func `kept features train the same persons to the same weights`(_ variant: Variant) throws {
    let people = try ColouredPeople()
    defer { people.remove() }
    var recipe = variant.recipe
    let kept = try people.trainer(recipe)
    recipe.frozenFeatures.cache = .off
    let computed = try people.trainer(recipe)
    let note = try #require(kept.task.frozenFeatures)
    #expect(note.contains(variant.part), "\(note)")
    #expect(try #require(computed.task.frozenFeatures).contains("frozenFeatureCache is off"))
    let steps = (try kept.run(), try computed.run())
    for (one, other) in zip(steps.0, steps.1) {
      let losses = (one.values["loss"] ?? 0, other.values["loss"] ?? 1)
      #expect(abs(losses.0 - losses.1) <= 1e-6 * max(1, losses.1), "\(losses)")
    }
    #expect(steps.0.compactMap(\.score).count == 2)
    #expect(steps.0.compactMap(\.score) == steps.1.compactMap(\.score))
    #expect(difference(kept.weights, computed.weights) <= 1e-6)
  }

  @Test(arguments: variants)
  func `a resumed run keeps features again and ends with the same bits`(
    _ variant: Variant
  ) throws {
    let people = try ColouredPeople()
    defer { people.remove() }
    let straight = try people.trainer(variant.recipe)
    try straight.run()
    let folder = CheckpointFolder(people.root.appendingPathComponent("last"))
    let first = try people.trainer(variant.recipe)
    try first.run(until: 6)
    try first.save(to: folder, state: TaskState(threads: 1))
    // Weights of another seed, of which features are kept before the checkpoint is read.
    let second = try people.trainer(variant.recipe, seed: 99)
    try second.run(until: 1)
    _ = try second.restore(from: folder)
    try second.run()
    let isSame = second.weights == straight.weights
    #expect(isSame)
  }

  @Test(arguments: ["head", "lora", "petalface"])
  func `kept features train faces to the same weights, resumed too`(_ method: String) throws {
    let faces = try MadeFaces()
    defer { faces.remove() }
    var recipe = MadeFaces.recipe {
      $0.tuning.method = method
      if method != "head" {
        $0.tuning.adapter["rank"] = "2"
        $0.tuning.sites = "stages.3.conv1"
      }
      $0.training.steps = 8
      $0.training.evaluateEverySteps = 4
      $0.face.lowResolution = 0
      $0.augmentation = .mirrorsOnly
    }
    let kept = try faces.trainer(recipe)
    #expect(try #require(kept.task.frozenFeatures).hasPrefix("Frozen features: "))
    let steps = try kept.run()
    let folder = CheckpointFolder(faces.root.appendingPathComponent("last"))
    let first = try faces.trainer(recipe)
    try first.run(until: 3)
    try first.save(to: folder, state: TaskState(threads: 1))
    let second = try faces.trainer(recipe)
    _ = try second.restore(from: folder)
    try second.run()
    let isSame = second.weights == kept.weights
    #expect(isSame)
    recipe.frozenFeatures.cache = .off
    let computed = try faces.trainer(recipe)
    let others = try computed.run()
    let losses = (steps[0].values["loss"] ?? 0, others[0].values["loss"] ?? 1)
    #expect(abs(losses.0 - losses.1) <= 1e-6 * max(1, losses.1), "\(losses)")
    // Eight pictures of this size are convolved in another way than one, and AdamW divides by the size of
    // a gradient: a rate of 0.002 makes of the last bits what stands here.
    #expect(difference(kept.weights, computed.weights) <= 1e-4)
    #expect(steps.compactMap(\.score).count == 2 && others.compactMap(\.score).count == 2)
    for (one, other) in zip(steps.compactMap(\.score), others.compactMap(\.score)) {
      #expect(abs(one.value - other.value) <= 0.01)
    }
  }

  @Test func `pictures beyond the limit are computed, with the same bits in any order`() {
    let network = SmallConvolutionNetwork(
      width: 4, image: Extent(height: 32, width: 16), random: RandomStream(seed: 1))
    network.setTrainable(false)
    let part = network.frozenPart(upTo: .blocks(3), in: .inference())
    let images = RandomStream(seed: 2).pictures(6)
    let size = FrozenFeatureCache.bytes(part.shape)
    func cache() -> FrozenFeatureCache {
      FrozenFeatureCache(
        of: network, upTo: part.cut, shape: part.shape, pictures: 10, versions: 2,
        limitBytes: 5 * size + size / 2)
    }
    #expect(cache().capacity == 5)
    // Keys are 0 and 1 for the first picture and its mirror image, and so on; 5 and up are not kept.
    let places = [(4, false), (0, false), (2, true), (0, true), (9, true), (2, false)]
    let expected = network.output(of: Variable(images), at: .blocks(3), in: .inference()).value
    let used = cache()
    let first = used.output(of: images, places: places).value
    #expect(first.shape == expected.shape)
    #expect(zip(first.values, expected.values).allSatisfy { abs($0 - $1) < 1e-6 })
    // What is kept is taken, whatever the pictures are now; what is not is computed from them.
    let blank = Tensor(zeros: images.shape)
    let second = used.output(of: blank, places: places).value
    let black = network.output(of: Variable(blank), at: .blocks(3), in: .inference()).value
    for row in 0..<6 {
      let isKept = [1, 3, 5].contains(row)
      let wanted = (isKept ? first : black).rows(row..<row + 1).values
      let found = second.rows(row..<row + 1).values
      #expect(zip(found, wanted).allSatisfy { abs($0 - $1) < 1e-6 }, "row \(row)")
    }
    // Pictures that were seen before in another company change no bit.
    let fresh = cache()
    _ = fresh.output(of: Variable(images).gathered([5, 0]).value, places: [places[5], places[0]])
    #expect(fresh.output(of: images, places: places).value == first)
  }

  @Test func `groups are kept as far as the limit goes, and forgotten with the rest`() {
    let network = SmallConvolutionNetwork(
      width: 4, image: Extent(height: 32, width: 16), random: RandomStream(seed: 1))
    let images = RandomStream(seed: 2).pictures(2)
    let cache = FrozenFeatureCache(
      of: network, upTo: .features, shape: [1, 32], pictures: 0, limitBytes: 2 * 32 * 4)
    var prepared = 0
    func output(_ name: String) -> Tensor {
      cache.output(ofGroup: [name, "b"]) {
        prepared += 1
        return images
      }.value
    }
    let first = output("a")
    #expect(output("a") == first && prepared == 1)
    #expect(output("c") == first && output("c") == first && prepared == 3)
    cache.forget()
    #expect(output("c") == first && output("c") == first && prepared == 4)
  }

  static let refusals = [
    Variant(testDescription: "the key", part: "training.frozenFeatureCache is off") {
      $0.frozenFeatures.cache = .off
    },
    Variant(testDescription: "colours", part: "by augmentation.brightness and 1 other key") {
      $0.augmentation.brightness = 0.1
      $0.augmentation.gray = 0.1
    },
    Variant(testDescription: "a short run", part: "the run is so short") {
      $0.training.steps = 5
    },
    Variant(testDescription: "an adapter at the start", part: "before the first block") {
      $0.tuning.method = "lora"
      $0.tuning.sites = "=conv1"
    },
    Variant(testDescription: "an adapter in the first block", part: "only 0 of 4 blocks") {
      $0.tuning.method = "lora"
      $0.tuning.sites = "stages.0.conv1"
    },
  ]

  @Test(arguments: refusals)
  func `why nothing is kept is said`(_ variant: Variant) throws {
    let people = try ColouredPeople()
    defer { people.remove() }
    var recipe = variant.recipe
    if recipe.tuning.method == "full" { recipe.tuning.method = "head" }
    let note = try #require(try people.trainer(recipe).task.frozenFeatures)
    #expect(
      note.hasPrefix("Frozen features are not kept: ") && note.contains(variant.part), "\(note)")
    recipe.tuning = TuningSettings()
    #expect(try people.trainer(recipe).task.frozenFeatures == nil)
  }

  @Test func `vectors of cameras act below everything`() throws {
    let people = try ColouredPeople()
    defer { people.remove() }
    var recipe = ColouredPeople.recipe
    recipe.augmentation = .mirrorsOnly
    recipe.reid.cameraEmbedding = 3
    recipe.tuning.method = "lora"
    recipe.tuning.sites = "blocks.11.attn.qkv"
    func note() throws -> String? {
      let start = try ModelFolder.load("random:vit_tiny_patch16_224@32x16", seed: 1)
      return try PersonReID(
        data: try people.data(recipe), recipe: recipe, start: start, origin: "test"
      ).frozenFeatures
    }
    #expect(try #require(try note()).contains("before the first block"))
    recipe.reid.cameraEmbedding = 0
    #expect(try #require(try note()).contains("the first 11 of 12 blocks give"))
  }
}

extension RandomStream {
  /// Pictures of 32 by 16 pixels.
  fileprivate func pictures(_ count: Int) -> Tensor {
    var stream = self
    return stream.uniform(shape: [count, 32, 16, 3], bound: 1)
  }
}
